import { Config } from './config.js';
import { misspeltSettings } from './misspelt-settings.js';
import { settings } from './settings.js';

describe('misspeltSettings', () => {
  it.each([
    ['OTP_TTL_SECOND', 'OTP_TTL_SECONDS'],
    ['OTP_TTL_SECONS', 'OTP_TTL_SECONDS'],
    ['OTP_TTLSECONDS', 'OTP_TTL_SECONDS'],
    ['OTPTTLSECONDS', 'OTP_TTL_SECONDS'],
    ['OTP__TTL_SECONDS', 'OTP_TTL_SECONDS'],
    ['OTP_TTL_SECONDS_', 'OTP_TTL_SECONDS'],
    ['otp_ttl_seconds', 'OTP_TTL_SECONDS'],
    ['OTP-TTL-SECONDS', 'OTP_TTL_SECONDS'],
    ['OTP_LENGHT', 'OTP_LENGTH'],
    ['OPT_LENGTH', 'OTP_LENGTH'],
    ['OTP_MAX_ATTEMPT', 'OTP_MAX_ATTEMPTS'],
    ['ACCESSTOKENTTLSECONDS', 'ACCESS_TOKEN_TTL_SECONDS'],
    ['SMS_ALLOWED_COUNTRY', 'SMS_ALLOWED_COUNTRIES'],
    ['SMS_PROVIDERSS', 'SMS_PROVIDER'],
    ['CORS_ORIGIN', 'CORS_ORIGINS'],
    ['DATABASE_ULR', 'DATABASE_URL'],
    ['DATABASE_URI', 'DATABASE_URL'],
    ['DATABASEURL', 'DATABASE_URL'],
    ['REDIS_ULR', 'REDIS_URL'],
    ['SMTP_URI', 'SMTP_URL'],
    ['LOGLEVEL', 'LOG_LEVEL'],
    ['EMAIL_FROM', 'MAIL_FROM'],
    ['TRUST_PROXIES', 'TRUST_PROXY'],
    ['TEST_IDENTITY', 'TEST_IDENTITIES'],
    ['TWILLIO_AUTH_TOKEN', 'TWILIO_AUTH_TOKEN'],
    ['POSTMARK_SERVERTOKEN', 'POSTMARK_SERVER_TOKEN'],
    ['NODE_ENVS', 'NODE_ENV'],
    ['DATADIR', 'DATA_DIR'],
    ['DATABSE_ULR', 'DATABASE_URL'],
    ['TWILLO_AUTHTOKEN', 'TWILIO_AUTH_TOKEN'],
  ])('finds %s', (name, meant) => {
    expect(misspeltSettings({ [name]: 'x' })).toEqual([{ name, meant }]);
  });

  it.each(Object.keys(settings).filter((name) => name.length >= 8))(
    'finds one wrong, missing, added or swapped letter in the middle of %s',
    (name) => {
      const middle = Math.floor(name.length / 2);
      const typos = [
        `${name.slice(0, middle)}X${name.slice(middle + 1)}`,
        name.slice(0, middle) + name.slice(middle + 1),
        `${name.slice(0, middle)}X${name.slice(middle)}`,
        name.slice(0, middle) + name[middle + 1] + name[middle] + name.slice(middle + 2),
      ].filter((typo) => !(typo in settings));
      for (const typo of typos) expect(misspeltSettings({ [typo]: 'x' })).toHaveLength(1);
    },
  );

  it('finds no fault with the settings themselves', () => {
    expect(misspeltSettings(Object.fromEntries(Object.keys(settings).map((name) => [name, 'x'])))).toEqual(
      [],
    );
  });

  it('finds no fault with common variables', () => {
    const common = `PATH HOME HOSTNAME HOSTTYPE PWD OLDPWD SHELL SHLVL TERM USER LOGNAME LANG LC_ALL TZ EDITOR MAIL
      PS1 TMPDIR TEMP DISPLAY PORTS PORT_HTTP PORT_3000_TCP PORT_NAME HOSTS HOST_NAME HOST_IP POD_NAME POD_IP NODE_NAME
      NODE_PATH NODE_OPTIONS NODE_VERSION NODE_HOME NODE_PORT NODE_ID NODE_DEBUG NODE_EXTRA_CA_CERTS NODE_CONFIG
      YARN_VERSION NPM_TOKEN npm_config_registry npm_lifecycle_event npm_package_name npm_node_execpath INIT_CWD COLOR
      DATABASE DATABASE_HOST DATABASE_PORT DATABASE_NAME DATABASE_USER DATABASE_USERNAME DATABASE_PASSWORD DATABASE_SSL
      DATABASE_SCHEMA DATABASE_URL_RO DATABASE_URL_UNPOOLED DATABASE_POOL DATABASE_POOL_MAX DATABASE_TYPE DB_URL DB_HOST
      POSTGRES_URL POSTGRES_USER POSTGRES_PASSWORD POSTGRES_DB PGHOST PGUSER PGDATA PGSSLMODE PGPASSWORD PGDATABASE
      REDIS_HOST REDIS_PORT REDIS_PASSWORD REDIS_DB REDIS_USER REDIS_TLS REDIS_TLS_URL REDIS_KEY SMTP_HOST SMTP_PORT
      SMTP_USER SMTP_PASS SMTP_FROM MAIL_HOST MAIL_PORT MAIL_USER MAIL_TO MAIL_FROM_NAME MAILTO MAIL_DRIVER EMAIL
      LOG_FILE LOG_DIR LOG_FORMAT LOG_PATH DEBUG DATA_PATH DATA_HOME XDG_DATA_DIRS XDG_DATA_HOME BASE_URL API_URL APP_URL
      PUBLIC_IP PUBLIC_KEY PUBLIC_HOST PUBLIC_PORT APP_KEY APP_ENV APP_NAME APP_PORT APP_VERSION SECRET SECRET_KEY API_SECRET SFTP_URL HTTP_URL FTP_URL
      JWT_SECRET SESSION_SECRET TWILIO_API_KEY TWILIO_API_SECRET TWILIO_PHONE_NUMBER TWILIO_ACCOUNT POSTMARK_API_KEY
      POSTMARK_API_TOKEN WEBHOOK_KEY WEBHOOK_PORT OTP_SERVICE_HOST OTP_SERVICE_PORT OTP_PORT OTP_PORT_3000_TCP_ADDR
      REDIS_SERVICE_HOST REDIS_PORT_6379_TCP KUBERNETES_SERVICE_HOST KUBERNETES_PORT HTTP_PROXY HTTPS_PROXY NO_PROXY
      http_proxy https_proxy no_proxy TRUST_STORE CI GITHUB_ACTIONS GITHUB_TOKEN GIT_AUTHOR_NAME AWS_REGION
      AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY GOOGLE_APPLICATION_CREDENTIALS SENTRY_DSN OTEL_SERVICE_NAME
      OTEL_EXPORTER_OTLP_ENDPOINT SSH_AUTH_SOCK WEBSITE_HOSTNAME DYNO SOURCE_VERSION RAILWAY_PUBLIC_DOMAIN FLY_APP_NAME
      VERCEL_URL RENDER_EXTERNAL_URL HEROKU_APP_NAME BRAND SUPPORT_URL SUPPORT_PHONE ANDROID_HOME ANDROID_SDK_ROOT
      METRICS_PORT METRICS_PATH METRICS_HOST TEST_DATABASE_URL WINDIR PROGRAMDATA APPDATA LOCALAPPDATA USERPROFILE
      COMPUTERNAME SYSTEMROOT PROCESSOR_LEVEL PATHEXT COMSPEC _`;
    const env = Object.fromEntries(common.split(/\s+/).map((name) => [name, 'x']));
    expect(misspeltSettings(env)).toEqual([]);
  });

  it('is part of the message about an invalid configuration, without a value', () => {
    expect(() => Config.from({ OTP_LENGTH: '3', OTP_TTL_SECOND: 'hunter2hunter2' })).toThrow(
      /OTP_LENGTH must be from 4 to 10\n {2}OTP_TTL_SECOND is not a setting. Did you mean OTP_TTL_SECONDS\?$/,
    );
    expect(() => Config.from({ OTP_TTL_SECOND: '60' })).not.toThrow();
  });
});
