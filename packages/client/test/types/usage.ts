// Compiled by the type checker, never run: what the types accept and what they refuse.
import { createClient, Problem, type Challenge, type User } from '@otp-auth/client';

const auth = createClient({ url: 'https://auth.example.com', storage: localStorage });

export async function addresses(): Promise<void> {
  await auth.sendCode({ email: 'ada@example.com' });
  await auth.sendCode({ phone: '+14155550123', channel: 'sms', locale: 'en' });
  // @ts-expect-error No address.
  await auth.sendCode({});
  // @ts-expect-error No address.
  await auth.sendCode({ channel: 'sms' });
  // @ts-expect-error Two addresses.
  await auth.sendCode({ email: 'ada@example.com', phone: '+14155550123' });
  // @ts-expect-error No such channel.
  await auth.sendCode({ phone: '+14155550123', channel: 'pigeon' });
  await auth.api.POST('/otp/generate', { body: { phone_number: '+14155550123', purpose: 'verification' } });
  // @ts-expect-error No address.
  await auth.api.POST('/otp/generate', { body: {} });
  // @ts-expect-error Two addresses.
  await auth.api.POST('/otp/generate', { body: { email: 'ada@example.com', phone_number: '+14155550123' } });
  // @ts-expect-error Two addresses.
  await auth.api.POST('/auth/verify_otp', { body: { email: 'a@b.c', phone: '+14155550123', otp: '1' } });
}

export async function results(challenge: Challenge): Promise<void> {
  const { user, passwordRequired } = await auth.verifyCode(challenge, '123456');
  // @ts-expect-error An account with this address may not exist.
  void user.id;
  if (user) {
    const id: string = user.id;
    const mustSetPassword: boolean = passwordRequired;
    void [id, mustSetPassword];
  }
  const { user: owner } = await auth.signInWithPassword({ email: 'ada@example.com', password: 'x' });
  const known: User = owner;
  // @ts-expect-error The e-mail address may be missing.
  const email: string = known.email;
  void email;
  // @ts-expect-error A code is a string: a number loses leading zeros.
  await auth.verifyCode(challenge, 123456);
}

export async function routes(): Promise<void> {
  const { data } = await auth.api.GET('/users/me');
  const me: User = data;
  const tokens = await auth.api.POST('/auth/refresh', { body: { refreshToken: 'x' } });
  const accessToken: string = tokens.data.accessToken;
  const refreshToken: string = tokens.data.refreshToken;
  const { data: customers } = await auth.api.GET('/customers', { query: { limit: 5 } });
  const name: string | null | undefined = customers[0]?.name;
  const nothing: undefined = (await auth.api.DELETE('/customers/{id}', { path: { id: '1' } })).data;
  void [me, accessToken, refreshToken, name, nothing];
  const approved = (await auth.api.POST('/auth/verify_otp', { body: { email: 'a@b.c', otp: '123456' } }))
    .data;
  // @ts-expect-error An account with this address may not exist.
  const token: string = approved.accessToken;
  const undoToken: string | undefined = approved.user ? approved.accessToken : approved.undoToken;
  const registration = await auth.api.POST('/auth/verify', { body: { email: 'a@b.c', otp: '123456' } });
  const registered: string = registration.data.accessToken;
  void [token, undoToken, registered];
  // @ts-expect-error No such route.
  await auth.api.GET('/user/me');
  // @ts-expect-error No such method.
  await auth.api.POST('/users/me', { body: {} });
  // @ts-expect-error The id is missing.
  await auth.api.GET('/customers/{id}');
  // @ts-expect-error The body is missing.
  await auth.api.POST('/auth/refresh');
  // @ts-expect-error A misspelt field.
  await auth.api.PATCH('/users/me', { body: { firstname: 'Ada' } });
}

export async function passwords(): Promise<void> {
  await auth.resetPassword({ token: 'x', password: 'y' });
  await auth.resetPassword({ email: 'ada@example.com', code: '123456', password: 'y' });
  await auth.resetPassword({ password: 'y', currentPassword: 'x' });
  // @ts-expect-error The code is missing.
  await auth.resetPassword({ email: 'ada@example.com', password: 'y' });
  // @ts-expect-error The password is missing.
  await auth.resetPassword({ token: 'x' });
}

export function problems(error: unknown): string {
  if (!(error instanceof Problem)) return 'a bug';
  const retryAfter: number | undefined = error.retryAfter;
  // @ts-expect-error Not every problem says when to try again.
  const seconds: number = error.retryAfter;
  void [retryAfter, seconds];
  // @ts-expect-error Only wrong codes count attempts.
  void error.attemptsLeft;
  // eslint-disable-next-line @typescript-eslint/switch-exhaustiveness-check -- as most readers write it
  switch (error.code) {
    case 'otp_cooldown': {
      const wait: number = error.retryAfter;
      return `wait ${wait} s`;
    }
    case 'otp_invalid': {
      const left: number = error.attemptsLeft;
      return `${left} left`;
    }
    case 'validation_failed':
      return error.errors.map(({ field, detail }) => `${field}: ${detail}`).join();
    case 'address_reserved': {
      const undoToken: string = error.undoToken;
      return undoToken;
    }
    case 'network_error':
      return 'offline';
    // @ts-expect-error No such code.
    case 'otp_wrong':
      return '';
    default:
      return error.message;
  }
}
