// The layers of src, from the bottom up. A module imports from lower layers only, and modules of one
// layer do not import each other. A name is the beginning of a path below src.
const layers = [
  ['common/'],
  ['config/'],
  ['metrics/'],
  ['http/', 'inbox/inbox-store'],
  ['database/'],
  ['mail/', 'sms/', 'audit/', 'account-events/', 'signing/', 'health/', 'idempotency/'],
  ['budgets/', 'applications/'],
  ['notifier/text/'],
  ['notifier/'],
  ['otp/', 'sessions/', 'passwords/', 'inbox/', 'receipts/'],
  ['deliveries/', 'users/', 'customers/'],
  ['auth/', 'export/'],
  ['compat/'],
];
const all = layers.flat();

/** Paths of a layer entry, without those of a longer entry that begins with it. */
function paths(name) {
  const inner = all.filter((other) => other !== name && other.startsWith(name));
  return `^src/${name}${inner.map((other) => `(?!${other.slice(name.length)})`).join('')}`;
}

const anyOf = (names) => names.map(paths).join('|') || '(?!)';

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    ...layers.flatMap((names, layer) =>
      names.map((name) => ({
        name: `${name}-imports-down-only`,
        severity: 'error',
        from: { path: paths(name) },
        to: {
          path: anyOf(
            layers
              .slice(layer)
              .flat()
              .filter((other) => other !== name),
          ),
        },
      })),
    ),
    {
      name: 'every-module-has-a-layer',
      severity: 'error',
      comment: 'Add a new folder of src to the layers in this file.',
      from: { path: '^src/[^/]+/', pathNot: `${anyOf(all)}|^src/cli/` },
      to: {},
    },
    {
      name: 'modules-do-not-import-the-application',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: '^src/cli/' },
      to: { path: '^src/([^/]+\\.ts$|cli/)' },
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
      from: {
        path: '^src/',
        pathNot: '^src/(mail/(postmark|smtp)|sms/twilio)\\.[a-z-]+\\.(ts|spec\\.ts)$',
      },
      to: { path: 'node_modules/(postmark|nodemailer|twilio)/' },
    },
    {
      name: 'src-does-not-import-tests',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^(test|bench)/' },
    },
    {
      name: 'tests-do-not-import-the-bench',
      severity: 'error',
      from: { path: '^test/' },
      to: { path: '^bench/' },
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
