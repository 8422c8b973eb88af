import { ApplicationsService } from '../applications/applications.service.js';
import { NewApplication } from '../applications/applications.dto.js';
import { AppError } from '../common/app-error.js';
import { DtoValidationPipe } from '../http/validation.pipe.js';
import { UsageError, type OptionValues } from './command-line.js';
import { withServices } from './services.js';

export const APPLICATION_OPTIONS = {
  name: { type: 'string' },
  kind: { type: 'string' },
  purposes: { type: 'string' },
  channels: { type: 'string' },
  countries: { type: 'string' },
  origins: { type: 'string' },
  audience: { type: 'string' },
  'brand-name': { type: 'string' },
  'sms-host': { type: 'string' },
  'messages-per-minute': { type: 'string' },
  'messages-per-day': { type: 'string' },
  'spend-per-day': { type: 'string' },
} as const;

/**
 * `application:create --name … --kind server|browser`, with the fields of `POST /applications`. Prints
 * the id and, of a server, the secret, which cannot be read again.
 */
export async function createApplication(options: OptionValues): Promise<number> {
  try {
    const fields = new DtoValidationPipe().transform(fieldsOf(options), {
      type: 'body',
      metatype: NewApplication,
    }) as NewApplication;
    const { id, secret } = await withServices((app) => app.get(ApplicationsService).create(fields, {}));
    process.stdout.write(`id: ${id}\n${secret === undefined ? '' : `secret: ${secret}\n`}`);
    return 0;
  } catch (error) {
    throw error instanceof AppError ? new UsageError(error.detail) : error;
  }
}

function fieldsOf(options: OptionValues): object {
  const limits = defined({
    messagesPerMinute: numberOf(options['messages-per-minute']),
    messagesPerDay: numberOf(options['messages-per-day']),
    spendPerDay: numberOf(options['spend-per-day']),
  });
  return defined({
    name: options.name,
    kind: options.kind,
    purposes: listOf(options.purposes),
    channels: listOf(options.channels),
    countries: listOf(options.countries),
    origins: listOf(options.origins),
    audience: options.audience,
    brandName: options['brand-name'],
    smsHost: options['sms-host'],
    ...(Object.keys(limits).length > 0 && { limits }),
  });
}

function defined(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function listOf(text: string | undefined): string[] | undefined {
  return text?.split(',').map((item) => item.trim());
}

/** A text that is not a number stays a text, which the validation then refuses. */
function numberOf(text: string | undefined): number | string | undefined {
  return text === undefined || !/^\d+(\.\d+)?$/.test(text) ? text : Number(text);
}
