/** The functions that are used here. The package has no types of its own. */
declare module 'bcrypt' {
  const bcrypt: {
    genSalt(cost: number): Promise<string>;
    hash(data: string, salt: string): Promise<string>;
    compare(data: string, hash: string): Promise<boolean>;
    getRounds(hash: string): number;
  };
  export default bcrypt;
}
