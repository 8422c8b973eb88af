import type { components } from '@otp-auth/client';
import { html, nothing, type TemplateResult } from 'lit';
import { client } from '../shared/client.js';
import { fill } from '../shared/texts.js';
import { confirmAct } from '../signed-in/confirm.js';
import { pageOf, type ListPage } from '../signed-in/pages.js';
import { valuesOf } from '../signed-in/section.js';
import { timeText } from '../signed-in/times.js';
import '../signed-in/event-list.js';
import './invitation-form.js';
import { ListSection } from './list-section.js';

type Schemas = components['schemas'];
type User = Schemas['ManagedUser'];

/** The people: search, roles, and the end of accounts. */
class UsersSection extends ListSection<User> {
  static override properties = { ...ListSection.properties, openId: { state: true } };
  /** The user whose events are shown. */
  declare private openId: string;
  private query = '';

  constructor() {
    super();
    this.openId = '';
  }

  protected override render(): TemplateResult {
    const { texts } = this;
    return html`
      <form class="search" role="search" @submit=${this.search}>
        <label for="search">${texts.searchUsers}</label>
        <div>
          <input
            id="search"
            class="field"
            name="search"
            dir="ltr"
            autocomplete="off"
            autocapitalize="none"
            spellcheck="false"
          />
          <button class="small">${texts.search}</button>
        </div>
      </form>
      ${this.renderNotice()} ${this.renderList()}
      <section aria-labelledby="invite-title">
        <h2 id="invite-title">${texts.invite}</h2>
        <p class="quiet">${texts.inviteText}</p>
        <invitation-form .texts=${texts} @invited=${() => this.runNext(() => this.read())}></invitation-form>
      </section>
    `;
  }

  protected renderItem(user: User): TemplateResult {
    const { texts } = this;
    const { id, createdAt, roles, disabledAt, invitationPending, firstName, lastName } = user;
    const name = [firstName, lastName].filter(Boolean).join(' ');
    return html`<li>
      <div>
        <strong><bdi>${addressOf(user)}</bdi></strong>
        ${roles.includes('admin') ? html`<span class="badge good">${texts.admin}</span>` : nothing}
        ${disabledAt ? html`<span class="badge bad">${texts.disabled}</span>` : nothing}
        ${invitationPending ? html`<span class="badge">${texts.invited}</span>` : nothing}
        <p class="quiet">
          ${name ? html`<bdi>${name}</bdi> · ` : nothing}${fill(texts.madeAt, { time: timeText(createdAt) })}
        </p>
      </div>
      <div class="buttons">
        <button
          class="small secondary"
          aria-expanded=${this.openId === id}
          @click=${() => (this.openId = this.openId === id ? '' : id)}
        >
          ${texts.events}
        </button>
        ${id === client.user?.id ? nothing : this.renderActs(user)}
      </div>
      ${
        this.openId === id
          ? html`<div class="details">
              <event-list .texts=${texts} .load=${(cursor?: string) => listEvents(id, cursor)}></event-list>
            </div>`
          : nothing
      }
    </li>`;
  }

  private renderActs(user: User): TemplateResult {
    const { texts } = this;
    const isAdmin = user.roles.includes('admin');
    const act = (text: string, run: () => Promise<void>, kind = 'secondary') =>
      html`<button class="small ${kind}" ?disabled=${this.isBusy} @click=${run}>${text}</button>`;
    const roles: Schemas['UpdateUser']['roles'] = isAdmin ? ['user'] : ['user', 'admin'];
    return html`
      ${act(isAdmin ? texts.removeAdmin : texts.makeAdmin, () =>
        this.change(user, { roles }, isAdmin ? texts.removeAdmin : texts.makeAdmin),
      )}
      ${act(texts.endSessions, () => this.change(user, { endSessions: true }))}
      ${
        user.disabledAt
          ? act(texts.enable, () => this.change(user, { disabled: false }))
          : act(texts.disable, () => this.change(user, { disabled: true }, texts.disable))
      }
      ${act(texts.delete, () => this.delete(user), 'danger')}
    `;
  }

  protected async load(cursor?: string): Promise<ListPage<User>> {
    const query = { limit: 20, cursor, search: this.query || undefined };
    return pageOf(await client.api.GET('/users', { query }));
  }

  private search(event: Event): void {
    this.query = valuesOf(event).search?.trim() ?? '';
    void this.runNext(() => this.read());
  }

  /** Every change ends the sessions of the person. Those with a `question` are asked about first. */
  private async change(user: User, body: Schemas['UpdateUser'], question?: string): Promise<void> {
    const { texts } = this;
    const { id } = user;
    const title = `${question ?? ''}: ${addressOf(user)}`;
    const isSure =
      !question ||
      (await confirmAct({ title, text: texts.changeText, confirm: question, cancel: texts.cancel }));
    if (!isSure) return;
    await this.run(async () => {
      this.replace((await client.api.PATCH('/users/{id}', { path: { id }, body })).data);
      return ({ saved }) => saved;
    });
  }

  private async delete(user: User): Promise<void> {
    const { texts } = this;
    const title = fill(texts.deleteTitle, { name: addressOf(user) });
    const question = { title, text: texts.deleteUser, confirm: texts.delete, cancel: texts.cancel };
    if (!(await confirmAct(question))) return;
    await this.run(async () => {
      await client.api.DELETE('/users/{id}', { path: { id: user.id } });
      this.drop(user);
      return ({ removed }) => removed;
    });
  }
}

const addressOf = ({ email, phone, id }: User) => email ?? phone ?? id;

async function listEvents(id: string, cursor?: string) {
  return pageOf(await client.api.GET('/users/{id}/events', { path: { id }, query: { limit: 10, cursor } }));
}

customElements.define('users-section', UsersSection);
