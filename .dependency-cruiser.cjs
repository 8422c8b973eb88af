// The floors of the house: imports go down only, and modules of one floor do not import each other.
const floors = [
  ['common'],
  ['config'],
  ['database'],
  ['mail', 'sms', 'limits', 'audit', 'signing', 'health'],
  ['notifier'],
  ['otp', 'sessions', 'passwords', 'inbox'],
  ['users', 'customers'],
  ['auth'],
];
const folder = (names) => `^src/(${names.join('|')})/`;

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    ...floors.flatMap((names, floor) => [
      ...names.map((name) => ({
        name: `${name}-imports-down-only`,
        severity: 'error',
        from: { path: folder([name]) },
        to: {
          path: folder(
            floors
              .slice(floor)
              .flat()
              .filter((other) => other !== name),
          ),
        },
      })),
    ]),
    {
      name: 'modules-are-on-a-floor',
      severity: 'error',
      comment: 'A new folder below src must be given its floor in this file.',
      from: { path: '^src/[^/]+/', pathNot: folder(floors.flat()) },
      to: {},
    },
    {
      name: 'features-do-not-import-the-application',
      severity: 'error',
      from: { path: '^src/[^/]+/' },
      to: { path: '^src/[^/]+\\.ts$' },
    },
    {
      name: 'repositories-and-entities-stay-inside',
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '\\.(repository|entity)\\.ts$', pathNot: '^src/$1/' },
    },
    {
      name: 'one-file-per-vendor',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(mail/(postmark|smtp)|sms/twilio)\\.[a-z-]+\\.(ts|spec\\.ts)$' },
      to: { path: 'node_modules/(postmark|nodemailer|twilio)/' },
    },
    {
      name: 'src-does-not-import-tests',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^test/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default'],
    },
  },
};
