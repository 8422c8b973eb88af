const shared = {
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          experimental: { keepImportAttributes: true },
        },
        module: { type: 'es6' },
      },
    ],
  },
  extensionsToTreatAsEsm: ['.ts'],
  // Our imports name the compiled file. `metadata.max.json.js` of libphonenumber-js is a real file:
  // without the exception, Jest would load the JSON file beside it, which is deprecated.
  moduleNameMapper: { '^(\\.{1,2}/.*(?<!\\.json))\\.js$': '$1' },
};

const onDatabase = {
  ...shared,
  globalSetup: '<rootDir>/test/support/prepare.js',
  globalTeardown: '<rootDir>/test/support/clean.js',
};

export default {
  // Many tests wait for retries and slow vendors, so four workers keep two cores busy.
  maxWorkers: 4,
  // Generous, because a slow hook on a busy machine is not a failure. Jest ignores this option in
  // the configuration of a project.
  testTimeout: 180_000,
  testSequencer: '<rootDir>/test/support/slow-first.js',
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/src/**/*.spec.ts', '<rootDir>/packages/{elements,pages}/test/**/*.spec.ts'],
    },
    {
      ...onDatabase,
      displayName: 'e2e',
      testMatch: ['<rootDir>/test/{e2e,contracts}/**/*.spec.ts'],
      // Tests the embedded database only, so it does not run on PostgreSQL.
      testPathIgnorePatterns: process.env.TEST_DATABASE_URL ? ['/embedded\\.spec\\.ts$'] : [],
    },
    {
      ...onDatabase,
      displayName: 'client',
      testMatch: ['<rootDir>/packages/client/test/**/*.spec.ts'],
    },
    // Needs Chromium. Without it, the specs are left out and say so.
    { ...onDatabase, displayName: 'browser', testMatch: ['<rootDir>/test/browser/**/*.spec.ts'] },
    // Several processes share one database, which only PostgreSQL allows.
    { ...onDatabase, displayName: 'races', testMatch: ['<rootDir>/test/races/**/*.spec.ts'] },
    // Also on PostgreSQL. Measures time, so run it with `--runInBand`.
    { ...onDatabase, displayName: 'timing', testMatch: ['<rootDir>/test/timing/**/*.spec.ts'] },
  ],
};
