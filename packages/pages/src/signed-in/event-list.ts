import type { components } from '@otp-auth/client';
import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { fill } from '../shared/texts.js';
import { deviceName } from './devices.js';
import type { ListPage } from './pages.js';
import { Section } from './section.js';
import type { SignedInTexts } from './texts.js';
import { time } from './times.js';

export type AccountEvent = components['schemas']['AccountEvent'];

const REASONS: Record<string, keyof SignedInTexts> = {
  invalid_credentials: 'reasonPassword',
  current_password_wrong: 'reasonPassword',
  otp_invalid: 'reasonCode',
  otp_expired: 'reasonExpired',
  otp_attempts_exhausted: 'reasonTries',
  otp_guess_limit: 'reasonTries',
  password_guess_limit: 'reasonTries',
  account_disabled: 'reasonDisabled',
  account_closed: 'reasonClosed',
  replayed: 'reasonReplayed',
};

/** The events of an account in plain words, newest first. More are loaded on request. */
export class EventList extends Section<SignedInTexts> {
  static override properties = {
    ...Section.properties,
    load: { attribute: false },
    events: { state: true },
    next: { state: true },
  };
  /** Reads a page. */
  declare load: (cursor?: string) => Promise<ListPage<AccountEvent>>;
  declare private events: AccountEvent[] | null;
  declare private next?: string;

  constructor() {
    super();
    this.events = null;
  }

  protected override firstUpdated(_changes: PropertyValues): void {
    void this.more();
  }

  protected override render(): TemplateResult {
    const { texts, events, next } = this;
    return html`
      ${events?.length === 0 ? html`<p class="quiet">${texts.noEvents}</p>` : nothing}
      <ul class="rows">
        ${events?.map((event) => this.renderEvent(event))}
      </ul>
      ${this.renderNotice()}
      ${
        next || !events
          ? html`<button class="small secondary" ?disabled=${this.isBusy} @click=${() => this.more(next)}>
              ${events ? texts.more : texts.load}
            </button>`
          : nothing
      }
    `;
  }

  private renderEvent({
    action,
    succeeded,
    reason,
    at,
    address,
    ip,
    userAgent,
  }: AccountEvent): TemplateResult {
    const { texts } = this;
    // The API may know newer actions than this page.
    const name = (texts as Record<string, string>)[`event_${action}`] ?? action;
    const why = REASONS[reason ?? ''];
    const from = [deviceName(userAgent), ip].filter(Boolean).join(' · ');
    return html`<li>
      <div>
        <strong>${name}</strong>
        ${succeeded ? nothing : html`<span class="badge bad">${texts.refused}</span>`}
        <p class="quiet">
          ${why ? html`${texts[why]} · ` : nothing}${time(at)}${
            from || address
              ? html` · <bdi>${fill(texts.from, { device: from || (address ?? '') })}</bdi>`
              : nothing
          }
        </p>
      </div>
    </li>`;
  }

  private async more(cursor?: string): Promise<void> {
    await this.run(async () => {
      const { items, next } = await this.load(cursor);
      this.events = [...((cursor && this.events) || []), ...items];
      this.next = next;
    });
  }
}

customElements.define('event-list', EventList);
