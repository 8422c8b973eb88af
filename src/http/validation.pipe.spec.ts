import { IsIn } from 'class-validator';
import { AppError } from '../common/app-error.js';
import { CheckedAs, EmailField, PasswordField, PhoneField, PhoneOrEmailField } from './fields.js';
import type { FieldChecks, FieldKind, FieldRule, Fields } from './fields.js';
import { IfGiven } from './if-given.js';
import { DtoValidationPipe } from './validation.pipe.js';

class Address {
  @IfGiven()
  @PhoneOrEmailField()
  phone?: string;

  @IfGiven()
  @EmailField()
  email?: string;
}

class Verify extends Address {
  @CheckedAs('code')
  @IsIn(['good', 'bad'], { message: 'otp is not a text.' })
  otp!: string;
}

class Registration {
  @EmailField()
  email!: string;

  @PasswordField()
  password!: string;

  @IfGiven()
  @PhoneField()
  phone?: string;
}

/** Records its calls and refuses the value `bad`. */
class FakeChecks {
  calls: string[] = [];

  readonly checks = Object.fromEntries(
    (['email', 'phone', 'password', 'code', 'purpose', 'channel'] as FieldKind[]).map((kind) => [
      kind,
      (fields: Fields, { field }: FieldRule) => this.check(kind, fields, field),
    ]),
  ) as FieldChecks;

  constructor() {
    this.checks.address = ({ phone, email }) => {
      this.calls.push('address');
      if ((phone === undefined) === (email === undefined)) throw refusal('address_missing', 'phone', 'email');
    };
  }

  private check(kind: FieldKind, fields: Fields, field: string): void {
    this.calls.push(kind);
    if (fields[field] === 'bad') throw refusal(`${kind}_invalid`, field);
  }
}

function refusal(code: string, ...fields: string[]): AppError {
  const errors = fields.map((field) => ({ field, detail: `${field}: ${code}.` }));
  return new AppError('invalid', code, 'A refusal.', { errors });
}

describe('DtoValidationPipe', () => {
  let fake: FakeChecks;
  beforeEach(() => {
    fake = new FakeChecks();
  });

  const validate = (metatype: typeof Verify | typeof Registration, body: object) =>
    new DtoValidationPipe(fake.checks).transform(body, { type: 'body', metatype });

  function refusalOf(metatype: typeof Verify | typeof Registration, body: object) {
    try {
      validate(metatype, body);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return { code: error.code, fields: error.extra.errors?.map(({ field }) => field), error };
    }
    throw new Error('the body was accepted');
  }

  it.each([
    ['one address', Verify, { email: 'a', otp: 'good' }, ['code']],
    ['a bad address, which the service refuses', Verify, { email: 'bad', otp: 'good' }, ['code']],
    ['no address, which the service refuses', Verify, { otp: 'good' }, ['code']],
    ['several fields', Registration, { email: 'a', password: 'b' }, ['email', 'password']],
  ])('runs only the checks that are needed: %s', (_, metatype, body, calls) => {
    expect(validate(metatype, body)).toEqual(body);
    expect(fake.calls).toEqual(calls);
  });

  it.each([
    ['a bad code', Verify, { email: 'a', otp: 'bad' }, 'code_invalid', ['otp']],
    ['a bad password', Registration, { email: 'a', password: 'bad' }, 'password_invalid', ['password']],
    ['a wrong type', Verify, { email: 5, otp: 'good' }, 'validation_failed', ['email']],
    ['an unknown field', Verify, { email: 'a', otp: 'good', x: 1 }, 'validation_failed', ['x']],
    [
      'an inherited name',
      Verify,
      { email: 'a', otp: 'good', toString: 1 },
      'validation_failed',
      ['toString'],
    ],
  ])('throws the error of the only fault: %s', (_, metatype, body, code, fields) => {
    expect(refusalOf(metatype, body)).toMatchObject({ code, fields });
  });

  it.each([
    ['two refused values', Registration, { email: 'bad', password: 'bad' }, ['email', 'password']],
    ['three', Registration, { email: 'bad', password: 'bad', phone: 'bad' }, ['email', 'password', 'phone']],
    ['a wrong type and a refused value', Registration, { email: 5, password: 'bad' }, ['email', 'password']],
    ['an unknown field and a refused value', Verify, { email: 'bad', otp: 'good', x: 1 }, ['email', 'x']],
    [
      'an inherited name and a refused value',
      Verify,
      { email: 'bad', otp: 'good', valueOf: 1 },
      ['email', 'valueOf'],
    ],
    ['a bad code and a bad address', Verify, { phone: 'bad', otp: 'bad' }, ['otp', 'phone']],
    ['a bad code and no address', Verify, { otp: 'bad' }, ['otp', 'phone', 'email']],
    ['a missing code and no address', Verify, {}, ['otp', 'phone', 'email']],
    ['two addresses, one of them bad', Verify, { phone: 'a', email: 'bad', otp: 'good' }, ['email', 'phone']],
    ['two addresses, one of a wrong type', Verify, { phone: 5, email: 'a', otp: 'good' }, ['phone', 'email']],
  ])('names every field: %s', (_, metatype, body, fields) => {
    const { error, ...refusal } = refusalOf(metatype, body);
    expect({ ...refusal, fields: refusal.fields?.sort() }).toEqual({
      code: 'validation_failed',
      fields: fields.sort(),
    });
    expect(error.detail).toBe(error.extra.errors?.map(({ detail }) => detail).join(' '));
  });

  it('names at most 20 fields, fields of the DTO first', () => {
    const unknown = Object.fromEntries(Array.from({ length: 1_300 }, (_, n) => [`x${n}`, 1]));
    const { fields } = refusalOf(Verify, { ...unknown, email: 'bad', otp: 5 });
    expect(fields).toHaveLength(20);
    expect(fields?.slice(0, 2)).toEqual(['otp', 'email']);
  });

  it('gives no check the value of a field that is invalid', () => {
    refusalOf(Registration, { email: 'e'.repeat(255), password: 'b' });
    expect(fake.calls).toEqual(['password']);
  });
});
