/** Further limits per network and minute, for what costs more than a usual request. */
export abstract class NetworkLimits {
  /**
   * Counts one use of `what` by the network of the IP address. Throws `rate_limited` when the
   * network has used it `limit` times in a minute.
   */
  abstract spend(what: string, ip: string, limit: number): Promise<void>;
}
