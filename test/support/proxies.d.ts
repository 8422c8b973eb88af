export interface ProxyProcess {
  url: string;
  pid: number;
  stop: () => Promise<void>;
}

export function startHaproxy(serverUrls: string[]): Promise<ProxyProcess>;
export function startPgbouncer(databaseUrl: string): Promise<ProxyProcess>;
