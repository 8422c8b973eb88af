const shared = {
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'es6' },
      },
    ],
  },
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
};

const onDatabase = {
  ...shared,
  globalSetup: '<rootDir>/test/support/prepare.js',
  globalTeardown: '<rootDir>/test/support/clean.js',
};

export default {
  // Many tests wait for vendors that hang, so four keep two cores busy.
  maxWorkers: 4,
  testSequencer: '<rootDir>/test/support/slow-first.js',
  // Generous, because a slow hook on a busy machine is no failure.
  testTimeout: 180_000,
  projects: [
    { ...shared, displayName: 'unit', testMatch: ['<rootDir>/src/**/*.spec.ts'] },
    {
      ...onDatabase,
      displayName: 'e2e',
      testMatch: ['<rootDir>/test/{e2e,contracts}/**/*.spec.ts'],
      // Of the embedded database alone, so it has nothing to find out on the other.
      testPathIgnorePatterns: process.env.TEST_DATABASE_URL ? ['/embedded\\.spec\\.ts$'] : [],
    },
    // Several processes on one database: PostgreSQL only, in CI.
    { ...onDatabase, displayName: 'races', testMatch: ['<rootDir>/test/races/**/*.spec.ts'] },
    // The same, and by the clock: one at a time.
    { ...onDatabase, displayName: 'timing', testMatch: ['<rootDir>/test/timing/**/*.spec.ts'] },
  ],
};
