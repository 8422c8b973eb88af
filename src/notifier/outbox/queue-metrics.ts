import { setTimeout as wait } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { CHANNELS, type Channel } from '../../common/delivery.js';
import { Metrics } from '../../metrics/metrics.js';
import { Sql, statement } from '../../database/sql.js';

/**
 * The pause between two reads of the queue: at least this long, and this many times as long as the
 * last read took. Reading a long queue must not slow down its delivery.
 */
const MIN_PAUSE_MS = 5_000;
const PAUSE_FACTOR = 20;
/** How long a scrape waits for the database. Scrapers wait longer for us. */
const READ_TIMEOUT_MS = 2_000;
const STATES = ['queued', 'sending', 'sent'] as const;

/** Unfinished messages still have their content. Codes and notices each have an index of them. */
const UNFINISHED = statement(
  'messages_unfinished',
  `
    select channel, state, count(*)::int as count, extract(epoch from now() - min(created_at))::float8 as "oldestSeconds"
    from (
      select channel, state, created_at from messages where sealed is not null and challenge_id is not null
      union all
      select channel, state, created_at from messages where sealed is not null and challenge_id is null) unfinished
    group by channel, state`,
);

interface UnfinishedCount {
  channel: Channel;
  state: (typeof STATES)[number];
  count: number;
  oldestSeconds: number;
}

/** Metrics of the outbox. They cover all processes, because the outbox is one table. */
@Injectable()
export class QueueMetrics {
  /** Null while unknown, because an old number would look like a stuck queue. */
  private unfinished: UnfinishedCount[] | null = null;
  private reading?: Promise<void>;
  private nextAt = 0;

  constructor(
    private readonly sql: Sql,
    { registry }: Metrics,
  ) {
    const registers = [registry];
    const messages = new Gauge({
      name: 'otp_queue_messages',
      help: 'Messages that are not finished: queued for another attempt, sending, or sent and waiting for a receipt.',
      labelNames: ['channel', 'state'],
      registers,
      collect: async () => {
        const unfinished = await this.read();
        messages.reset();
        if (!unfinished) return;
        for (const channel of CHANNELS) for (const state of STATES) messages.set({ channel, state }, 0);
        for (const { channel, state, count } of unfinished) messages.set({ channel, state }, count);
      },
    });
    const oldest = new Gauge({
      name: 'otp_queue_oldest_seconds',
      help: 'Age of the oldest message that no provider has taken.',
      labelNames: ['channel'],
      registers,
      collect: async () => {
        const unsent = (await this.read())?.filter(({ state }) => state !== 'sent');
        oldest.reset();
        for (const channel of unsent ? CHANNELS : []) {
          const ages = unsent?.filter((row) => row.channel === channel).map((row) => row.oldestSeconds);
          oldest.set({ channel }, Math.max(0, ...(ages ?? [])));
        }
      },
    });
    const up: Gauge = new Gauge({
      name: 'database_up',
      help: 'Whether the database answers this process.',
      registers,
      collect: async () => up.set((await this.read()) ? 1 : 0),
    });
  }

  /** Never rejects. Concurrent calls share one read. */
  private async read(): Promise<UnfinishedCount[] | null> {
    const started = performance.now();
    if (!this.reading && started >= this.nextAt) {
      this.unfinished = null;
      this.reading = this.sql
        .rows<UnfinishedCount>(UNFINISHED, [])
        .then((rows) => void (this.unfinished = rows))
        .catch(() => undefined)
        .finally(() => {
          this.reading = undefined;
          const duration = performance.now() - started;
          this.nextAt = started + duration + Math.max(MIN_PAUSE_MS, duration * PAUSE_FACTOR);
        });
    }
    await Promise.race([this.reading, wait(READ_TIMEOUT_MS, undefined, { ref: false })]);
    return this.unfinished;
  }
}
