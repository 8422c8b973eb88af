import type { PhoneChannel } from '../common/delivery.js';
import { InboxStore } from '../inbox/inbox-store.js';
import { InboxPhoneSender } from './inbox.phone-sender.js';

describe('InboxPhoneSender', () => {
  it('throws in production when it is constructed', () => {
    expect(() => new InboxPhoneSender({ production: true }, new InboxStore())).toThrow('in production');
  });

  it.each<PhoneChannel>(['sms', 'whatsapp', 'voice'])(
    'keeps a message by %s in the inbox',
    async (channel) => {
      const inbox = new InboxStore();
      const reference = await new InboxPhoneSender({ production: false }, inbox).send({
        messageId: '1',
        channel,
        to: '+14155550101',
        text: '481516 is your code.',
        locale: 'en',
        validSeconds: 299,
      });
      expect(reference).toBe('1');
      expect(inbox.list('+14155550101')).toEqual([
        { id: '1', channel, to: '+14155550101', text: '481516 is your code.', at: expect.any(Date) },
      ]);
    },
  );
});
