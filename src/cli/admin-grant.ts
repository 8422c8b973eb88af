import { addressOf, parseEmail } from '../common/recipient.js';
import { UserAdminService } from '../users/user-admin.service.js';
import { withServices } from './services.js';
import { UsageError } from './command-line.js';

/**
 * `admin:grant <e-mail>`. Only an administrator can change roles through the API, so the first one
 * is made on the command line.
 */
export async function grantAdmin(text = ''): Promise<number> {
  const recipient = parseEmail(text);
  if (!recipient) throw new UsageError(`Not an e-mail address: ${text}`);
  const email = addressOf(recipient);
  const granted = await withServices((app) => app.get(UserAdminService).grantAdmin(email));
  process.stdout.write(granted ? `${email} is an administrator.\n` : `There is no user ${email}.\n`);
  return granted ? 0 : 1;
}
