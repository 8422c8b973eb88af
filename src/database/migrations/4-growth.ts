import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Growth1763700000004 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // An index each, so that a sweep finds the codes behind any number of notices, and the notices behind any number
    // of codes, without passing them.
    await runner.query('drop index messages_due');
    await runner.query(
      'create index messages_due_codes on messages (channel, due_at) where sealed is not null and challenge_id is not null',
    );
    await runner.query(
      'create index messages_due_notices on messages (channel, due_at) where sealed is not null and challenge_id is null',
    );
    // Notices have no challenge; here they would only be a wrong way to find those that are due.
    await runner.query('drop index messages_challenge');
    await runner.query(
      'create index messages_challenge on messages (challenge_id) where challenge_id is not null',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index messages_challenge');
    await runner.query('create index messages_challenge on messages (challenge_id)');
    await runner.query('drop index messages_due_notices');
    await runner.query('drop index messages_due_codes');
    await runner.query('create index messages_due on messages (channel, due_at) where sealed is not null');
  }
}
