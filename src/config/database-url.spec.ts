import { Config, ConfigError } from './config.js';
import type { DatabaseUrl } from './database-url.js';

function read(DATABASE_URL: string): DatabaseUrl | undefined {
  return Config.from({ DATABASE_URL }).DATABASE_URL;
}

function faultOf(env: Record<string, string>): string {
  try {
    Config.from(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('the configuration is valid');
}

describe('DATABASE_URL', () => {
  it.each<[string, Partial<DatabaseUrl>]>([
    ['postgres://db', { host: 'db' }],
    [
      'postgresql://ada:pw@db:5433/otp',
      { host: 'db', port: 5433, user: 'ada', password: 'pw', database: 'otp' },
    ],
    ['POSTGRES://ada@db/otp', { host: 'db', user: 'ada', database: 'otp' }],
    ['postgres://ada:p%40s%3As%23%3F%2F%25@db/otp', { password: 'p@s:s#?/%' }],
    ['postgres://ada:p:w@db/otp', { user: 'ada', password: 'p:w' }],
    ['postgres://ada:p@w@db/otp', { user: 'ada', password: 'p@w', host: 'db' }],
    ['postgres://ada:p w@db/otp', { password: 'p w' }],
    ['postgres://ada@[2001:db8::1]:5433/otp', { host: '2001:db8::1', port: 5433 }],
    [
      'postgres://ada@/otp?host=/var/run/postgresql',
      { host: '/var/run/postgresql', user: 'ada', database: 'otp' },
    ],
    [
      'postgres:///otp?host=/run/pg&port=5433&user=ada',
      { host: '/run/pg', port: 5433, user: 'ada', database: 'otp' },
    ],
    ['postgres://?host=/run/pg&dbname=otp', { host: '/run/pg', database: 'otp' }],
    ['postgres://ada@%2Frun%2Fpg:5433/otp', { host: '/run/pg', port: 5433 }],
    [
      'postgres://ada@db/otp?sslmode=verify-ca&sslrootcert=/etc/ca.crt',
      { sslMode: 'verify-ca', sslRootCert: '/etc/ca.crt' },
    ],
    ['postgres://ada@db/otp?ssl=true', { sslMode: 'verify-full' }],
    ['postgres://ada@db/otp?ssl=false', { sslMode: 'disable' }],
    ['postgres://ada@db/otp?ssl=no-verify', { sslMode: 'require' }],
    ['postgres://ada@db/otp?sslmode=require&channel_binding=require', { sslMode: 'require' }],
    ['postgres://ada@db/otp?options=-c%20search_path%3Dotp', { options: '-c search_path=otp' }],
    ['postgres://ada@db/otp?application_name=mine&max=900', { session: { application_name: 'mine' } }],
  ])('reads %s', (url, parts) => {
    expect(read(url)).toMatchObject(parts);
  });

  it('leaves absent parts undefined, so that the defaults of pg apply', () => {
    const { session, ...parts } = read('postgres://') ?? {};
    expect(session).toEqual({});
    expect(Object.values(parts).filter((part) => part !== undefined)).toEqual([]);
  });

  it.each([
    'postgres://ada:pa#ss@db/otp',
    'postgres://ada:pa?ss@db/otp',
    'postgres://ada:pa/ss@db/otp',
    'postgres://ada:6379#x@db/otp',
    'postgres://ada:6379?x@db/otp',
    'postgres://ada:6379/x@db/otp',
    'postgres://ada:6379?x=1@db/otp',
    'postgres://ada:p@1?x@db/otp',
    'postgres://ada:p@ss#word@db/otp',
    'postgres://ada:#@db/otp',
    'postgres://ada:?@db',
    'postgres://a#da:pw@db/otp',
    'postgres://ada:pw@db/otp#',
    'postgres://ada:pa%ss@db/otp',
    'postgres://ada:100%@db/otp',
    'postgres://ada:pw@db/ot%p',
  ])('asks to percent-encode %s', (url) => {
    expect(faultOf({ DATABASE_URL: url })).toMatch(/DATABASE_URL must percent-encode .* # as %23/);
  });

  it.each([
    'redis://:pa#ss@redis:6379',
    'redis://:pa?ss@redis:6379',
    'redis://:6379?x@redis:6379',
    'redis://:6379#x@redis:6379',
    'redis://:6379/x@redis:6379',
    'rediss://otp:pa%ss@redis:6379/0',
  ])('asks to percent-encode REDIS_URL %s', (url) => {
    expect(faultOf({ REDIS_URL: url })).toMatch(/REDIS_URL must percent-encode/);
  });

  it.each([
    'smtp://u:pa#ss@mail:587',
    'smtps://u:pa?ss@mail',
    'smtp://u:587?x@mail',
    'smtp://u:587/x@mail',
    'smtp://u@acme.test:p#w@mail',
    'smtp://u:pa%ss@mail',
  ])('asks to percent-encode SMTP_URL %s', (url) => {
    expect(faultOf({ SMTP_URL: url })).toMatch(/SMTP_URL must percent-encode/);
  });

  it.each([
    ['postgres://db1,db2/otp', 'one server'],
    ['postgres://db1:1,db2:2/otp', 'one server'],
    ['postgres://ada@db:port/otp', 'one server'],
    ['postgres://2001:db8::1/otp', 'one server'],
    ['postgres://db/otp?host=a,b', 'one server'],
    ['postgres://db:0/otp', 'port'],
    ['postgres://db:65536/otp', 'port'],
    ['postgres://db/otp?port=x', 'port'],
    ['postgres://db/otp?sslmode=on', 'sslmode of disable'],
    ['postgres://db/otp?sslmode=', 'sslmode of disable'],
    ['postgres://db/otp?ssl=maybe', 'sslmode of disable'],
    ['mysql://db/otp', 'starts with postgres:// or postgresql://'],
    ['postgres:/db/otp', 'starts with postgres://'],
    ['db:5432', 'starts with postgres://'],
    ['postgres', 'starts with postgres://'],
  ])('rejects %s', (url, reason) => {
    expect(faultOf({ DATABASE_URL: url })).toContain(reason);
  });

  it('accepts encoded credentials in every URL', () => {
    const password = encodeURIComponent('6379?x#/@%');
    expect(() =>
      Config.from({
        DATABASE_URL: `postgres://ada:${password}@db/otp`,
        REDIS_URL: `redis://:${password}@redis:6379/0`,
        SMTP_URL: `smtp://ada%40acme.test:${password}@mail:587?pool=true`,
      }),
    ).not.toThrow();
  });
});
