import type { components } from '@otp-auth/client';
import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { client } from '../shared/client.js';
import { codeOf } from '../shared/problems.js';
import { fill } from '../shared/texts.js';
import { deviceName } from '../signed-in/devices.js';
import { Section } from '../signed-in/section.js';
import { timeText } from '../signed-in/times.js';
import type { AccountTexts } from './texts.js';

type SessionEntry = components['schemas']['SessionEntry'];

/** The devices that are signed in. */
class SessionsSection extends Section<AccountTexts> {
  static override properties = { ...Section.properties, sessions: { state: true } };
  declare private sessions: SessionEntry[] | null;

  constructor() {
    super();
    this.sessions = null;
  }

  protected override firstUpdated(_changes: PropertyValues): void {
    void this.run(() => this.read());
  }

  protected override render(): TemplateResult {
    const { texts, sessions } = this;
    return html`
      <section aria-labelledby="sessions-title">
        <h2 id="sessions-title" tabindex="-1">${texts.sessions}</h2>
        <p class="quiet">${texts.sessionsText}</p>
        <ul class="rows">
          ${sessions?.map((session) => this.renderSession(session))}
        </ul>
        ${
          sessions
            ? nothing
            : html`<button class="small secondary" @click=${() => this.run(() => this.read())}>
                ${texts.load}
              </button>`
        }
        ${
          sessions && sessions.length > 1
            ? html`<button class="small secondary" ?disabled=${this.isBusy} @click=${this.endOthers}>
                ${texts.endOthers}
              </button>`
            : nothing
        }
        ${this.renderNotice()}
      </section>
    `;
  }

  private renderSession(session: SessionEntry): TemplateResult {
    const { texts } = this;
    const { id, current, ip, userAgent, signedInAt, lastUsedAt } = session;
    const device = deviceName(userAgent) ?? texts.unknownDevice;
    return html`<li>
      <div>
        <strong>${device}</strong>
        ${current ? html`<span class="badge good">${texts.thisDevice}</span>` : nothing}
        <p class="quiet">
          ${fill(texts.signedIn, { time: timeText(signedInAt) })} ·
          ${fill(texts.lastUsed, { time: timeText(lastUsedAt) })}${ip ? html` · <bdi>${ip}</bdi>` : nothing}
        </p>
      </div>
      ${
        current
          ? nothing
          : html`<button
              class="small secondary"
              ?disabled=${this.isBusy}
              aria-label=${fill(texts.endSessionOf, { device })}
              @click=${() => this.end(id)}
            >
              ${texts.endSession}
            </button>`
      }
    </li>`;
  }

  private async read(): Promise<void> {
    this.sessions = (await client.api.GET('/auth/sessions')).data;
  }

  /** The device is forgotten too: whoever has it has to prove more at the next sign-in. */
  private async end(id: string): Promise<void> {
    await this.run(async () => {
      await client.api
        .DELETE('/auth/sessions/{id}', { path: { id }, query: { forgetDevice: 'true' } })
        .catch((error: unknown) => {
          if (codeOf(error) !== 'session_not_found') throw error;
        });
      await this.read();
      return ({ deviceSignedOut }) => deviceSignedOut;
    });
    await this.focusOn('#sessions-title');
  }

  private async endOthers(): Promise<void> {
    await this.run(async () => {
      await client.api.DELETE('/auth/sessions');
      await this.read();
      return ({ othersEnded }) => othersEnded;
    });
    await this.focusOn('#sessions-title');
  }
}

customElements.define('sessions-section', SessionsSection);
