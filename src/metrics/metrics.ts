import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Channel } from '../common/delivery.js';

/** Something that was done with a message or heard of it, in the words of its log. */
export interface MessageEvent {
  channel: Channel;
  event: string;
  provider?: string | null;
  reason?: string | null;
}

/**
 * What this process counts, for Prometheus. Every label is one of a few words of ours or of the settings: an address, a
 * code or an id would tell whoever reads along, and each would be a time series of its own.
 */
@Injectable()
export class Metrics {
  readonly registry = new Registry();
  private readonly registers = [this.registry];

  private readonly requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the arrival of a request to the end of its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: this.registers,
  });

  private readonly problems = new Counter({
    name: 'http_problems_total',
    help: 'Refusals and errors that were answered, by the code of the problem.',
    labelNames: ['route', 'code'],
    registers: this.registers,
  });

  readonly codesIssued = new Counter({
    name: 'otp_codes_issued_total',
    help: 'Codes that were made or repeated, each with its message.',
    labelNames: ['channel'],
    registers: this.registers,
  });

  readonly codesVerified = new Counter({
    name: 'otp_codes_verified_total',
    help: 'Right codes, and links that were sent with them.',
    registers: this.registers,
  });

  private readonly messageEvents = new Counter({
    name: 'otp_message_events_total',
    help: 'What was done with messages and heard of them.',
    labelNames: ['channel', 'provider', 'event', 'reason'],
    registers: this.registers,
  });

  /** A provider can have several senders of a channel, each with a breaker. */
  readonly openCircuits = new Gauge({
    name: 'otp_provider_circuit_open',
    help: 'Senders of a provider that this process passes over for their failures.',
    labelNames: ['channel', 'provider'],
    registers: this.registers,
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** The route is the pattern, and absent where nothing is. */
  observeRequest(method: string, route: string | undefined, statusCode: number, seconds: number): void {
    this.requests.observe(
      { method, route: route ?? '', status: `${Math.floor(statusCode / 100)}xx` },
      seconds,
    );
  }

  countProblem(route: string | undefined, code: string): void {
    this.problems.inc({ route: route ?? '', code });
  }

  /** Of a reason such as `rejected (21614)` the word: vendors have thousands of numbers. */
  countMessageEvent({ channel, event, provider, reason }: MessageEvent): void {
    const [word = ''] = (reason ?? '').split(' ');
    this.messageEvents.inc({ channel, provider: provider ?? '', event, reason: word });
  }
}
