import * as z from 'zod';

const message = { MessageID: z.string().max(100), MessageStream: z.string().max(100) };
const metadata = z.looseObject({ message_id: z.uuid().optional().catch(undefined) }).optional();

/** What is read of Postmark's events; the rest of each is none of our business, and may change. */
const event = z.discriminatedUnion('RecordType', [
  z.object({ RecordType: z.literal('Delivery'), ...message, Metadata: metadata }),
  z.object({
    RecordType: z.literal('Bounce'),
    ...message,
    Metadata: metadata,
    Type: z.string().max(50),
    TypeCode: z.int(),
    Email: z.string(),
    Inactive: z.boolean(),
  }),
  z.object({ RecordType: z.literal('SpamComplaint'), ...message, Email: z.string() }),
  z.object({
    RecordType: z.literal('SubscriptionChange'),
    MessageStream: message.MessageStream,
    Recipient: z.string(),
    SuppressSending: z.boolean(),
    SuppressionReason: z.string().max(50).nullish(),
  }),
]);

export type PostmarkEvent = z.output<typeof event>;

/** Every kind that Postmark has; those that tell nothing of a delivery are read as null. */
const OTHER_KINDS = ['Open', 'Click', 'Inbound'];

/** The event, null for one of no interest, undefined for what cannot be one. */
export function readPostmarkEvent(body: unknown): PostmarkEvent | null | undefined {
  const kind = (body as { RecordType?: unknown } | null | undefined)?.RecordType;
  if (typeof kind === 'string' && OTHER_KINDS.includes(kind)) return null;
  return event.safeParse(body).data;
}
