import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Channel } from '../common/delivery.js';

/** An event of a message, as in its log. */
export interface MessageEvent {
  channel: Channel;
  event: string;
  provider?: string | null;
  reason?: string | null;
}

/**
 * The Prometheus metrics of this process. Labels have only a few fixed values. An address, a code
 * or an id in a label would expose it to everyone who reads the metrics, and create its own time
 * series.
 */
@Injectable()
export class Metrics {
  readonly registry = new Registry();
  private readonly registers = [this.registry];

  private readonly requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the arrival of a request to the end of its response.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: this.registers,
  });

  private readonly problems = new Counter({
    name: 'http_problems_total',
    help: 'Error responses, by problem code.',
    labelNames: ['route', 'code'],
    registers: this.registers,
  });

  readonly codesIssued = new Counter({
    name: 'otp_codes_issued_total',
    help: 'Codes issued or sent again, each with one message.',
    labelNames: ['channel'],
    registers: this.registers,
  });

  readonly codesVerified = new Counter({
    name: 'otp_codes_verified_total',
    help: 'Codes verified, including links that were sent with a code.',
    registers: this.registers,
  });

  /** 250 countries, a few scopes and five verdicts. */
  readonly sendVerdicts = new Counter({
    name: 'send_verdicts_total',
    help: 'Verdicts on messages with codes, by the limit that decided.',
    labelNames: ['scope', 'verdict', 'country'],
    registers: this.registers,
  });

  readonly phoneSpendShare = new Gauge({
    name: 'phone_spend_share',
    help: 'The share of the spend limit of phone channels that is used, as this process last saw it.',
    labelNames: ['window'],
    registers: this.registers,
  });

  readonly phoneSpendWarnings = new Counter({
    name: 'phone_spend_warnings_total',
    help: 'Windows in which phone channels spent 80 % of their limit.',
    labelNames: ['window'],
    registers: this.registers,
  });

  private readonly messageEvents = new Counter({
    name: 'otp_message_events_total',
    help: 'Events of messages: attempts, results and receipts.',
    labelNames: ['channel', 'provider', 'event', 'reason'],
    registers: this.registers,
  });

  private readonly anonymousEvents = new Counter({
    name: 'anonymous_events_total',
    help: 'Events at addresses without an account, such as refused sign-ins.',
    labelNames: ['action', 'reason'],
    registers: this.registers,
  });

  /** A provider can have several senders of a channel, each with its own circuit breaker. */
  readonly openCircuits = new Gauge({
    name: 'otp_provider_circuit_open',
    help: 'Senders of a provider that this process skips because their circuit breaker is open.',
    labelNames: ['channel', 'provider'],
    registers: this.registers,
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** The route is the pattern of the path. It is undefined if no route matches. */
  observeRequest(method: string, route: string | undefined, statusCode: number, seconds: number): void {
    this.requests.observe(
      { method, route: route ?? '', status: `${Math.floor(statusCode / 100)}xx` },
      seconds,
    );
  }

  countProblem(route: string | undefined, code: string): void {
    this.problems.inc({ route: route ?? '', code });
  }

  countAnonymousEvent({ action, reason }: { action: string; reason: string | null }): void {
    this.anonymousEvents.inc({ action, reason: reason ?? '' });
  }

  /**
   * Keeps only the word of a reason such as `rejected (21614)`, because vendors have thousands of
   * codes.
   */
  countMessageEvent({ channel, event, provider, reason }: MessageEvent): void {
    const [word = ''] = (reason ?? '').split(' ');
    this.messageEvents.inc({ channel, provider: provider ?? '', event, reason: word });
  }
}
