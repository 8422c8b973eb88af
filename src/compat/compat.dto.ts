import { SignedIn } from '../auth/sign-in.dto.js';
import { CustomerDetails } from '../customers/customers.dto.js';

export class CompatSignedIn extends SignedIn {
  /**
   * The same as `accessToken`.
   * @example "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIwMTk3ZjNiMiJ9.c2ln"
   */
  token!: string;
}

export class CompatCustomerDetails extends CustomerDetails {
  /**
   * The same as `contact`.
   * @example "+14155550123"
   */
  contect!: string | null;
}
