import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Delivery1763700000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // What was tried and heard of a message, in order: [{at, event, provider, reason}].
    await runner.query(`alter table messages add column log jsonb not null default '[]'`);
    // Due is whatever still holds its content: also what was sent and waits for its receipt.
    await runner.query('drop index messages_due');
    await runner.query('create index messages_due on messages (channel, due_at) where sealed is not null');
    await runner.query('create index messages_recipient on messages (recipient, created_at)');
    await runner.query(
      'create index messages_finished on messages (finished_at) where finished_at is not null',
    );

    // Addresses that bounced, complained or opted out: nothing is sent to them.
    await runner.query(`
      create table suppressions (
        recipient text not null,
        reason text not null,
        provider text not null,
        created_at timestamptz not null default now(),
        constraint suppressions_pkey primary key (recipient)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table suppressions');
    await runner.query('drop index messages_finished');
    await runner.query('drop index messages_recipient');
    await runner.query('drop index messages_due');
    await runner.query(
      `create index messages_due on messages (channel, due_at) where state in ('queued', 'sending')`,
    );
    await runner.query('alter table messages drop column log');
  }
}
