import type { VendorErrors } from '../common/delivery.js';

/** https://www.twilio.com/docs/api/errors */
export const TWILIO_ERRORS: VendorErrors = {
  refusals: {
    // The recipient or the text: every provider would refuse it.
    21211: { kind: 'rejected', reason: 'number_invalid' }, // not a phone number
    21217: { kind: 'rejected', reason: 'number_invalid' }, // not a phone number, for a call
    21610: { kind: 'rejected', reason: 'opted_out', suppressedByVendor: true }, // unsubscribed by STOP
    21614: { kind: 'rejected', reason: 'number_not_mobile' }, // not a mobile number
    21617: { kind: 'rejected', reason: 'not_delivered' }, // the text is too long
    60205: { kind: 'rejected', reason: 'number_not_mobile' }, // a landline

    // Twilio's own regions, routes, limits and checks: another provider may deliver.
    21215: { kind: 'rejected_here', reason: 'country_not_served' }, // no calls to this region
    21408: { kind: 'rejected_here', reason: 'country_not_served' }, // no SMS to this region
    21612: { kind: 'rejected_here', reason: 'phone_unreachable' }, // no route from this sender
    30007: { kind: 'rejected_here', reason: 'blocked' }, // filtered as spam
    30450: { kind: 'rejected_here', reason: 'blocked' }, // blocked by SMS pumping protection
    60200: { kind: 'rejected_here', reason: 'not_delivered' }, // invalid parameter
    60202: { kind: 'rejected_here', reason: 'not_delivered' }, // too many checks
    60203: { kind: 'rejected_here', reason: 'not_delivered' }, // too many sends to this number
    60238: { kind: 'rejected_here', reason: 'not_delivered' }, // blocked by Verify
    60410: { kind: 'rejected_here', reason: 'blocked' }, // blocked by Verify Fraud Guard
    60605: { kind: 'rejected_here', reason: 'country_not_served' }, // no Verify in this region
    63003: { kind: 'rejected_here', reason: 'not_on_whatsapp' }, // no such WhatsApp recipient
    63024: { kind: 'rejected_here', reason: 'not_on_whatsapp' }, // invalid WhatsApp recipient

    // Should not occur. They concern one country, one sender or one message, not the account.
    21265: { kind: 'unexpected', reason: 'number_invalid' }, // the recipient is a short code
    21266: { kind: 'unexpected', reason: 'number_invalid' }, // the recipient is our sender
    21635: { kind: 'unexpected', reason: 'number_not_mobile' }, // a landline
    21659: { kind: 'unexpected', reason: 'provider_problem' }, // the sender is not of this country
    21660: { kind: 'unexpected', reason: 'provider_problem' }, // a sender of another account
    21661: { kind: 'unexpected', reason: 'provider_problem' }, // the sender cannot send SMS
    21701: { kind: 'unexpected', reason: 'provider_problem' }, // unknown messaging service
    21704: { kind: 'unexpected', reason: 'provider_problem' }, // messaging service without numbers
    21705: { kind: 'unexpected', reason: 'provider_problem' }, // invalid messaging service
    21910: { kind: 'unexpected', reason: 'provider_problem' }, // sender and recipient on two channels
    30024: { kind: 'unexpected', reason: 'provider_problem' }, // sender not set up at the carrier
    30032: { kind: 'unexpected', reason: 'provider_problem' }, // toll-free sender not verified
    30034: { kind: 'unexpected', reason: 'provider_problem' }, // unregistered US sender
    63038: { kind: 'unexpected', reason: 'provider_problem' }, // the account's daily limit

    // Sender, account or template: an operator must act.
    10001: { kind: 'misconfigured', reason: 'provider_problem' }, // account not active
    20003: { kind: 'misconfigured', reason: 'provider_problem' }, // wrong credentials
    20005: { kind: 'misconfigured', reason: 'provider_problem' }, // account not active
    20404: { kind: 'misconfigured', reason: 'provider_problem' }, // unknown account or service
    21210: { kind: 'misconfigured', reason: 'provider_problem' }, // unverified caller number
    21212: { kind: 'misconfigured', reason: 'provider_problem' }, // invalid sender
    21472: { kind: 'misconfigured', reason: 'provider_problem' }, // account not active
    21606: { kind: 'misconfigured', reason: 'provider_problem' }, // a sender of another account
    21608: { kind: 'misconfigured', reason: 'provider_problem' }, // trial account
    21655: { kind: 'misconfigured', reason: 'provider_problem' }, // invalid content template
    21656: { kind: 'misconfigured', reason: 'provider_problem' }, // invalid template variables
    21703: { kind: 'misconfigured', reason: 'provider_problem' }, // empty messaging service
    30002: { kind: 'misconfigured', reason: 'provider_problem' }, // account suspended
    60223: { kind: 'misconfigured', reason: 'provider_problem' }, // channel is off in Verify
    63007: { kind: 'misconfigured', reason: 'provider_problem' }, // unknown WhatsApp sender
    63016: { kind: 'misconfigured', reason: 'provider_problem' }, // no approved template
    90010: { kind: 'misconfigured', reason: 'provider_problem' }, // account not active
  },
  receipts: {
    undelivered: {
      21610: 'opted_out', // unsubscribed by STOP
      30001: 'provider_problem', // queue overflow
      30002: 'provider_problem', // account suspended
      30003: 'phone_unreachable', // unreachable handset
      30004: 'blocked', // message blocked
      30005: 'number_invalid', // unknown handset
      30006: 'number_not_mobile', // landline or unreachable network
      30007: 'blocked', // filtered as spam
      30009: 'phone_unreachable', // a segment is missing
      30024: 'provider_problem', // sender not set up at the carrier
      30032: 'provider_problem', // toll-free sender not verified
      30034: 'provider_problem', // unregistered US sender
      30450: 'blocked', // blocked by SMS pumping protection
      63003: 'not_on_whatsapp', // no such WhatsApp recipient
      63016: 'provider_problem', // no approved template
      63024: 'not_on_whatsapp', // invalid WhatsApp recipient
    },
  },
};
