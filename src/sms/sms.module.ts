import { Module } from '@nestjs/common';
import type { PhoneChannel } from '../common/delivery.js';
import { Inbox } from '../inbox/inbox-store.js';
import { Config } from '../config/config.js';
import type { PhoneProvider } from '../config/provider-settings.js';
import { InboxPhoneSender } from './inbox.phone-sender.js';
import type { PhoneSender } from './phone-sender.js';
import { PhoneSenders } from './phone-senders.js';
import { twilioClient } from './twilio.client.js';
import { TwilioSmsSender } from './twilio.sms-sender.js';
import { TwilioVerifySender } from './twilio.verify-sender.js';
import { TwilioVoiceCaller } from './twilio.voice-caller.js';
import { TwilioWhatsappSender } from './twilio.whatsapp-sender.js';
import { VerifyFeedback } from './verify-feedback.js';
import { WebhookPhoneSender } from './webhook.phone-sender.js';

const TWILIO = { sms: TwilioSmsSender, whatsapp: TwilioWhatsappSender, voice: TwilioVoiceCaller };

/** One of each provider and channel; a client of Twilio's for each, so that none waits for another's sockets. */
export function makeSender(config: Config, inbox: Inbox) {
  return (provider: PhoneProvider, channel: PhoneChannel): PhoneSender => {
    if (provider === 'twilio') return new TWILIO[channel](config, twilioClient(config));
    if (provider === 'twilio-verify') return new TwilioVerifySender(config, twilioClient(config));
    return provider === 'webhook' ? new WebhookPhoneSender(config) : new InboxPhoneSender(inbox);
  };
}

@Module({
  providers: [
    {
      provide: PhoneSenders,
      inject: [Config, Inbox],
      useFactory: (config: Config, inbox: Inbox) => new PhoneSenders(config, makeSender(config, inbox)),
    },
    {
      provide: VerifyFeedback,
      inject: [Config],
      useFactory: (config: Config) =>
        new VerifyFeedback(
          config.uses('twilio-verify') ? new TwilioVerifySender(config, twilioClient(config)) : null,
        ),
    },
  ],
  exports: [PhoneSenders, VerifyFeedback],
})
export class SmsModule {}
