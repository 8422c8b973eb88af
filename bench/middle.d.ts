export interface Middle {
  url: string;
  pid: number;
  stop: () => Promise<void>;
}

export function balancer(urls: string[]): Promise<Middle>;
export function pooler(databaseUrl: string): Promise<Middle>;
