import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { Gauge } from 'prom-client';
import { DataSource } from 'typeorm';
import { Metrics } from '../metrics/metrics.js';

/** Metrics of the connection pool. The embedded database has no pool. */
@Injectable()
export class PoolMetrics {
  constructor(dataSource: DataSource, { registry }: Metrics) {
    const { master } = dataSource.driver as unknown as { master: Partial<Pool> };
    if (master.totalCount === undefined) return;
    const pool = master as Pool;

    new Gauge({
      name: 'database_pool_connections',
      help: 'Connections of this process.',
      labelNames: ['state'],
      registers: [registry],
      collect() {
        this.set({ state: 'idle' }, pool.idleCount);
        this.set({ state: 'busy' }, pool.totalCount - pool.idleCount);
      },
    });
    new Gauge({
      name: 'database_pool_waiting',
      help: 'Statements of this process that are waiting for a connection.',
      registers: [registry],
      collect() {
        this.set(pool.waitingCount);
      },
    });
  }
}
