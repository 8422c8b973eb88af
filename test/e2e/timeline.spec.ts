import { logIn, signUp, type Person } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { until } from '../support/until.js';

interface Budget {
  used: number;
  limit: number;
  endsAt: string | null;
}
interface Timeline {
  recipient: string;
  suppression: { reason: string } | null;
  codes: {
    id: string;
    purpose: string;
    lane: string;
    status: string;
    attempts: Budget;
    failures: Budget;
    waitsUntil: string | null;
  }[];
  messages: { id: string; state: string; template: string; events: { event: string }[] }[];
}

describe('delivery timeline', () => {
  let app: TestApp;
  let admin: Person;
  let user: Person;
  beforeAll(async () => {
    app = await TestApp.start();
    user = await signUp(app, 'user@example.com');
    await signUp(app, 'admin@example.com');
    await app.sql(`update users set roles = '{user,admin}' where email = 'admin@example.com'`);
    admin = await logIn(app, 'admin@example.com');
  });
  afterAll(() => app?.stop());

  let emailCount = 0;
  const newEmail = () => `timeline-${++emailCount}@example.com`;
  const timeline = async (recipient: string): Promise<Timeline> =>
    (await admin.get(`/deliveries?recipient=${encodeURIComponent(recipient)}`).expect(200)).body as Timeline;
  /** A message is recorded as sent shortly after it has arrived. */
  const waitUntilAllSent = (recipient: string) =>
    until('all messages are recorded as sent', async () =>
      (await timeline(recipient)).messages.every(({ state }) => state === 'sent'),
    );
  const unblock = async (body: object): Promise<Timeline> =>
    (await admin.post('/deliveries/unblock', body).expect(200)).body as Timeline;
  const wrongCode = (otp: string) => (otp === '000000' ? '000001' : '000000');
  const expectInADay = (text: string | null | undefined) => {
    const hours = (Date.parse(text ?? '') - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(23);
    expect(hours).toBeLessThan(24.1);
  };

  it('requires the administrator role', async () => {
    const id = '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001';
    for (const path of ['/deliveries?recipient=a@example.com', `/deliveries/${id}`]) {
      await app.get(path).expect(401);
      await user.get(path).expect(403);
    }
    await app.post('/deliveries/unblock', { recipient: 'a@example.com' }).expect(401);
    await user.post('/deliveries/unblock', { recipient: 'a@example.com' }).expect(403);
  });

  it('lists every message and every code without their content', async () => {
    const email = newEmail();
    const { body } = await app
      .post('/otp/generate', { email, purpose: 'transaction', context: { payee: 'Acme Ltd' } })
      .expect(200);
    const otp = await app.code(email);
    await app
      .post('/otp/verify', {
        email,
        purpose: 'transaction',
        context: { payee: 'Acme Ltd' },
        otp: wrongCode(otp),
      })
      .expect(400);
    await app.post('/otp/generate', { email }).expect(200);
    const second = await app.code(email, 2);
    await app.post('/otp/verify', { email, otp: second }).expect(200);
    await waitUntilAllSent(email);

    const { body: found, text } = await admin
      .get(`/deliveries?recipient=${encodeURIComponent(` ${email.toUpperCase()}`)}`)
      .expect(200);
    expect(found).toMatchObject({
      recipient: 't•••@example.com',
      suppression: null,
      codes: [
        {
          purpose: 'verification',
          status: 'approved',
          lane: '',
          channel: 'email',
          waitsUntil: null,
        },
        {
          id: body.challenge.id,
          purpose: 'transaction',
          status: 'pending',
          attempts: { used: 1, limit: 3, endsAt: body.challenge.expiresAt },
          failures: { used: 1, limit: 20 },
          waitsUntil: body.challenge.resendAt,
          approvedAt: null,
        },
      ],
      messages: [
        { purpose: 'verification', channel: 'email', template: 'code', state: 'sent', verdict: 'allowed' },
        { purpose: 'transaction', challengeId: body.challenge.id, state: 'sent' },
      ],
    });
    for (const { events, requestedAt, finishedAt } of found.messages as Record<string, string>[]) {
      expect(events).toEqual([{ at: expect.any(String), event: 'sent', provider: 'inbox', reason: null }]);
      expect(Date.parse(finishedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(requestedAt ?? ''));
    }
    expectInADay((found as Timeline).codes[1]?.failures.endsAt);
    for (const secret of [otp, second, email, 'Acme', 'hash', 'sealed']) expect(text).not.toContain(secret);
  });

  it('finds a phone number in any notation, even if the query string lost its plus sign', async () => {
    await app.post('/otp/generate', { phone_number: '+14155550142' }).expect(200);
    for (const query of [
      '%2B14155550142',
      '+14155550142',
      '%2B1%20(415)%20555-0142',
      'tel:%2B1-415-555-0142',
    ]) {
      const { body } = await admin.get(`/deliveries?recipient=${query}`).expect(200);
      expect(body).toMatchObject({ recipient: '+14•••••••42', codes: [{ channel: 'sms' }] });
    }
  });

  it('returns an empty timeline for an unused address and 400 for an invalid one', async () => {
    expect(await timeline(newEmail())).toMatchObject({
      suppression: null,
      codes: [],
      messages: [],
    });
    for (const query of [
      '',
      '?recipient=',
      '?recipient=nobody',
      '?recipient=a@example.com&x=1',
      '?recipient=@',
    ])
      await admin.get(`/deliveries${query}`).expect(400);
  });

  it('finds messages by challenge id, also after the code was replaced', async () => {
    const email = newEmail();
    const { body } = await app.post('/otp/generate', { email }).expect(200);
    const { id } = body.challenge as { id: string };
    await app.code(email);
    const { body: found } = await admin.get(`/deliveries/${id}`).expect(200);
    expect(found).toMatchObject({ codes: [{ id }], messages: [{ challengeId: id }] });

    await app.age(200);
    await app.post('/otp/generate', { email }).expect(200);
    const { body: later } = await admin.get(`/deliveries/${id}`).expect(200);
    expect(later).toMatchObject({ codes: [], messages: [{ challengeId: id }] });
    for (const unknown of ['0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001', 'x'])
      await admin.get(`/deliveries/${unknown}`).expect(404);
  });

  describe('unblocking', () => {
    it('resets the limits of every purpose and lane and audits the change without the address', async () => {
      const email = newEmail();
      for (const purpose of ['verification', 'other']) {
        await app.post('/otp/generate', { email, purpose }).expect(200);
        await app.code(email);
      }
      await app.sql(
        `insert into challenges (recipient, purpose, lane, id, channel, code_hash, issued_at, expires_at, resend_at)
         select recipient, purpose, 'device:1', gen_random_uuid(), channel, '', now(), now(), now() + interval '1 minute'
         from challenges where recipient = $1 and purpose = 'other'`,
        [`email:${email}`],
      );
      await app.sql(
        `update challenges set failures = 20, failures_since = now(), resend_at = now() where recipient = $1`,
        [`email:${email}`],
      );
      await app.sql(`update budget_counters set day_sent = 20 where key = $1`, [`to:email:${email}`]);
      await waitUntilAllSent(email);
      const before = await timeline(email);
      expect(before.codes.map(({ lane, failures }) => [lane, failures.used]).sort()).toEqual([
        ['', 20],
        ['', 20],
        ['device:1', 20],
      ]);
      const { body: refused } = await app.post('/otp/generate', { email }).expect(429);
      expect(refused).toMatchObject({ code: 'otp_send_limit' });

      const after = await unblock({ recipient: email });
      expect(after).toEqual(await timeline(email));
      for (const code of after.codes)
        expect(code).toMatchObject({
          failures: { used: 0, endsAt: null },
          waitsUntil: null,
        });
      const { body } = await app.post('/otp/generate', { email }).expect(200);
      expect(body.challenge.id).toBe(before.codes.find(({ purpose }) => purpose === 'verification')?.id);
      await app.post('/otp/verify', { email, otp: await app.code(email, 3) }).expect(200);

      const { body: audit, text } = await admin.get('/audit').expect(200);
      // The newest entry is about the timeline that was read afterwards.
      expect(audit[1]).toMatchObject({
        actorId: admin.user.id,
        action: 'delivery.unblock',
        details: { recipient: 't•••@example.com', codes: 3, suppressionLifted: false },
      });
      expect(text).not.toContain(email);
    });

    it('resets only the limits of the given purpose', async () => {
      const email = newEmail();
      for (const purpose of ['verification', 'other'])
        await app.post('/otp/generate', { email, purpose }).expect(200);
      await app.sql(`update challenges set failures = 20, failures_since = now() where recipient = $1`, [
        `email:${email}`,
      ]);
      await unblock({ recipient: email, purpose: 'other' });
      await app.post('/otp/generate', { email, purpose: 'other' }).expect(200);
      expect(await timeline(email)).toMatchObject({
        codes: expect.arrayContaining([
          expect.objectContaining({ purpose: 'other', failures: expect.objectContaining({ used: 0 }) }),
          expect.objectContaining({
            purpose: 'verification',
            failures: expect.objectContaining({ used: 20 }),
          }),
        ]),
      });
      const { body } = await app.post('/otp/generate', { email }).expect(429);
      expect(body).toMatchObject({ code: 'otp_cooldown' });
    });

    it('keeps the attempts used on a live code, so that unblocking never helps to guess it', async () => {
      const email = newEmail();
      await app.post('/otp/generate', { email }).expect(200);
      const otp = await app.code(email);
      for (let n = 0; n < 3; n++) await app.post('/otp/verify', { email, otp: wrongCode(otp) }).expect(400);
      const { codes } = await unblock({ recipient: email });
      expect(codes).toMatchObject([{ status: 'exhausted', attempts: { used: 3 } }]);
      await app.post('/otp/verify', { email, otp }).expect(403);
    });

    it('lifts a suppression and records it in the audit log', async () => {
      const phone_number = '+14155550143';
      await app.sql(
        `insert into suppressions (recipient, reason, provider) values ($1, 'unsubscribed', 'twilio')`,
        [`phone:${phone_number}`],
      );
      expect(await timeline(phone_number)).toMatchObject({
        suppression: { reason: 'unsubscribed', provider: 'twilio', since: expect.any(String) },
      });
      await app.post('/otp/generate', { phone_number }).expect(200);
      expect(await timeline(phone_number)).toMatchObject({
        messages: [{ state: 'failed', reason: 'suppressed' }],
      });
      expect(await unblock({ recipient: phone_number })).toMatchObject({ suppression: null });
      await app.post('/otp/generate', { phone_number }).expect(200);
      await app.code(phone_number);
      const { body } = await admin.get('/audit?limit=1').expect(200);
      expect(body).toMatchObject([{ details: { suppressionLifted: true, codes: 1 } }]);
    });

    it('rejects a request without a valid recipient', async () => {
      for (const body of [
        {},
        { recipient: 'x' },
        { recipient: 'a@example.com', purpose: 'A' },
        { email: 'a@example.com' },
      ])
        await admin.post('/deliveries/unblock', body).expect(400);
    });
  });
});
