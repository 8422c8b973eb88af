import type { Locale } from '../common/locale.js';
import type { Config } from '../config/config.js';
import { PhoneSender, type PhoneMessage } from './phone-sender.js';
import { sidOf, type TwilioClient } from './twilio.client.js';
import { twilioSdk } from './twilio.sdk.js';

/** How long it rings, and the longest that a call is paid for. */
const RING_SECONDS = 30;
const CALL_SECONDS = 120;

/** Twilio's language tag for each supported language. */
const VOICES: Record<Locale, string> = {
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

/** Calls and reads the text out, twice. */
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
    const language = VOICES[locale] as 'en-US';
    const words = spoken(text, code);
    // The builder escapes what it is given.
    const { VoiceResponse } = twilioSdk().twiml;
    const twiml = new VoiceResponse();
    twiml.pause({ length: 1 });
    twiml.say({ language }, words);
    twiml.pause({ length: 1 });
    twiml.say({ language }, words);
    return sidOf(
      this.client.calls.create({
        to,
        from: this.config.TWILIO_VOICE_FROM ?? '',
        twiml: twiml.toString(),
        timeout: RING_SECONDS,
        timeLimit: CALL_SECONDS,
      }),
    );
  }
}

/** Without the last line, which is for machines, and with digits one by one: 481516 is no number of things. */
function spoken(text: string, code: string | undefined): string {
  const people = text.replace(/\n+(@\S+ #\S+|[A-Za-z0-9+/]{11})\s*$/, '');
  return (code ? people.replaceAll(code, [...code].join(', ')) : people).replace(/\s+/g, ' ').trim();
}
