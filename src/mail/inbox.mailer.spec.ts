import { InboxStore } from '../inbox/inbox-store.js';
import { InboxMailer } from './inbox.mailer.js';

describe('InboxMailer', () => {
  it('throws in production when it is constructed', () => {
    expect(() => new InboxMailer({ production: true }, new InboxStore())).toThrow('in production');
  });

  it('keeps a mail in the inbox', async () => {
    const inbox = new InboxStore();
    const content = {
      to: 'ada@example.com',
      subject: '481516 is your code',
      text: 'Your code is 481516',
      html: '<p>Your code is 481516</p>',
    };
    const reference = await new InboxMailer({ production: false }, inbox).send({
      messageId: '1',
      ...content,
      locale: 'en',
      validSeconds: 299,
    });
    expect(reference).toBe('1');
    expect(inbox.list('ada@example.com')).toEqual([
      { id: '1', channel: 'email', ...content, at: expect.any(Date) },
    ]);
  });
});
