import * as z from 'zod';

const message = { MessageID: z.string().max(100), MessageStream: z.string().max(100) };
const metadata = z.looseObject({ message_id: z.uuid().optional().catch(undefined) }).optional();

/** The fields that we read from Postmark's webhook events. All other fields are ignored. */
const receipt = z.discriminatedUnion('RecordType', [
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

export type PostmarkReceipt = z.output<typeof receipt>;

const KINDS = receipt.options.map(({ shape }) => shape.RecordType.value as string);

/**
 * Returns null for an event that is not a receipt, such as `Open` or a new kind, and undefined for a
 * malformed body.
 */
export function readPostmarkReceipt(body: unknown): PostmarkReceipt | null | undefined {
  const kind = (body as { RecordType?: unknown } | null | undefined)?.RecordType;
  if (typeof kind === 'string' && !KINDS.includes(kind)) return null;
  return receipt.safeParse(body).data;
}
