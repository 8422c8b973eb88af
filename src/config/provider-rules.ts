import type { Fault } from './fault.js';
import type { ProviderConfig } from './provider-config.js';
import type { Hop } from './provider-settings.js';
import type { SettingName } from './settings.js';

/** What a chosen provider cannot work without, in every environment. */
export function missingCredentials(config: ProviderConfig): Fault[] {
  const twilio = config.uses('twilio') || config.uses('twilio-verify');
  const needed: [boolean, SettingName, string][] = [
    [config.uses('postmark'), 'POSTMARK_SERVER_TOKEN', 'is needed by the provider postmark'],
    [
      config.uses('postmark') || config.uses('smtp'),
      'MAIL_FROM',
      'is needed by the providers postmark and smtp',
    ],
    [config.POSTMARK_WEBHOOK_PASSWORD !== undefined, 'POSTMARK_WEBHOOK_USER', 'goes with its password'],
    [config.POSTMARK_WEBHOOK_USER !== undefined, 'POSTMARK_WEBHOOK_PASSWORD', 'goes with its user'],
    [config.uses('smtp'), 'SMTP_URL', 'is needed by the provider smtp'],
    [twilio, 'TWILIO_ACCOUNT_SID', 'is needed by the provider twilio'],
    [twilio, 'TWILIO_AUTH_TOKEN', 'is needed by the provider twilio'],
    [
      config.uses('twilio', 'sms') && !config.TWILIO_MESSAGING_SERVICE_SID,
      'TWILIO_FROM',
      'or TWILIO_MESSAGING_SERVICE_SID is needed by the provider twilio',
    ],
    [config.uses('twilio', 'whatsapp'), 'TWILIO_WHATSAPP_FROM', 'is needed by WHATSAPP_PROVIDERS=twilio'],
    [
      config.uses('twilio', 'whatsapp'),
      'TWILIO_WHATSAPP_CONTENT_SID',
      'is needed by WHATSAPP_PROVIDERS=twilio',
    ],
    [config.uses('twilio', 'voice'), 'TWILIO_VOICE_FROM', 'is needed by VOICE_PROVIDERS=twilio'],
    [config.uses('twilio-verify'), 'TWILIO_VERIFY_SERVICE_SID', 'is needed by the provider twilio-verify'],
    [config.uses('webhook'), 'WEBHOOK_URL', 'is needed by the provider webhook'],
    [config.uses('webhook'), 'WEBHOOK_SECRET', 'is needed by the provider webhook'],
  ];
  return needed
    .filter(([chosen, setting]) => chosen && config[setting] === undefined)
    .map(([, setting, reason]) => ({ setting, reason }));
}

/** Wherever a message could end in the inbox, or nowhere. */
export function inboxInProduction(config: ProviderConfig): [boolean, SettingName, string][] {
  const real = 'must be a real provider in production';
  const offered = (channel: 'whatsapp' | 'voice') =>
    config.offers(channel) && config.phoneProviders(channel).length === 0;
  return [
    [
      config.mailProviders.includes('inbox'),
      config.MAIL_PROVIDERS ? 'MAIL_PROVIDERS' : 'MAIL_PROVIDER',
      real,
    ],
    [
      config.phoneProviders('sms').includes('inbox'),
      config.SMS_PROVIDERS ? 'SMS_PROVIDERS' : 'SMS_PROVIDER',
      real,
    ],
    [
      Object.values(config.SMS_ROUTES).some((hops) => hops.some(isInbox)),
      'SMS_ROUTES',
      'must name real providers',
    ],
    [config.phoneProviders('whatsapp').includes('inbox') || offered('whatsapp'), 'WHATSAPP_PROVIDERS', real],
    [config.phoneProviders('voice').includes('inbox') || offered('voice'), 'VOICE_PROVIDERS', real],
  ];
}

const isInbox = ({ provider }: Hop) => provider === 'inbox';
