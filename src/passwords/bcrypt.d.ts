/** What we use of the package, which brings no types. */
declare module 'bcrypt' {
  export function genSalt(cost: number): Promise<string>;
  export function hash(data: string, salt: string): Promise<string>;
  export function compare(data: string, hash: string): Promise<boolean>;
  export function getRounds(hash: string): number;
}
