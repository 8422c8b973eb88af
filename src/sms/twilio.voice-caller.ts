import type { Locale } from '../common/locale.js';
import type { Config } from '../config/config.js';
import { PhoneSender, type PhoneMessage } from './phone-sender.js';
import { sidOf, type TwilioClient } from './twilio.client.js';
import { twilioSdk } from './twilio.sdk.js';

const RING_SECONDS = 30;
/** Limits what one call can cost. */
const MAX_CALL_SECONDS = 120;

/** Twilio's language tag for each supported language. */
const LANGUAGE_TAGS: Record<Locale, string> = {
  en: 'en-US',
  de: 'de-DE',
  fr: 'fr-FR',
  es: 'es-ES',
  pt: 'pt-BR',
  it: 'it-IT',
  tr: 'tr-TR',
  hi: 'hi-IN',
  ar: 'ar-XA',
  zh: 'cmn-CN',
};

/** Calls the recipient and reads the text twice. */
export class TwilioVoiceCaller extends PhoneSender {
  readonly provider = 'twilio';
  readonly reportsDelivery = false;

  constructor(
    private readonly config: Config,
    private readonly client: TwilioClient,
  ) {
    super();
  }

  send({ to, text, code, locale }: PhoneMessage): Promise<string> {
    const language = LANGUAGE_TAGS[locale] as 'en-US';
    const speech = toSpeech(text, code);
    // The builder escapes the text.
    const { VoiceResponse } = twilioSdk().twiml;
    const twiml = new VoiceResponse();
    twiml.pause({ length: 1 });
    twiml.say({ language }, speech);
    twiml.pause({ length: 1 });
    twiml.say({ language }, speech);
    return sidOf(
      this.client.calls.create({
        to,
        from: this.config.TWILIO_VOICE_FROM ?? '',
        twiml: twiml.toString(),
        timeout: RING_SECONDS,
        timeLimit: MAX_CALL_SECONDS,
      }),
    );
  }
}

/**
 * Removes the last line, which is for machines, and separates digits, so that they are not read as
 * one number.
 */
function toSpeech(text: string, code: string | undefined): string {
  const readable = text.replace(/\n+(@\S+ #\S+|[A-Za-z0-9+/]{11})\s*$/, '');
  return (code ? readable.replaceAll(code, [...code].join(', ')) : readable).replace(/\s+/g, ' ').trim();
}
