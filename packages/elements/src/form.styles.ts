import { css } from 'lit';

/** Choices, fields and buttons. */
export const formStyles = css`
  fieldset {
    margin: 0 0 1.25rem;
    padding: 0;
    border: 0;
    min-inline-size: 0;
  }
  legend {
    padding: 0;
    margin-block-end: 0.375rem;
    font-weight: 600;
  }
  .segments {
    display: flex;
    gap: 0.25rem;
    padding: 0.25rem;
    border-radius: calc(var(--_radius) + 0.25rem);
    background: var(--_surface);
  }
  .segments label {
    position: relative;
    flex: 1 1 auto;
    display: grid;
    place-items: center;
    min-block-size: 2.5rem;
    padding: 0.25rem 0.375rem;
    border: 1px solid transparent;
    border-radius: var(--_radius);
    color: var(--_quiet);
    font-size: 0.9375em;
    line-height: 1.2;
    text-align: center;
    /* With "anywhere", which a page may set, a label would shrink until its word breaks. */
    overflow-wrap: break-word;
    cursor: pointer;
  }
  .segments label:has(:checked) {
    border-color: var(--_edge);
    background: var(--_page);
    color: var(--_text);
    font-weight: 600;
  }
  .segments label:has(:focus-visible) {
    outline: 3px solid var(--_button);
    outline-offset: 2px;
  }
  .segments input {
    position: absolute;
    inset: 0;
    margin: 0;
    opacity: 0;
    cursor: pointer;
  }
  .field > label {
    display: block;
    margin-block-end: 0.375rem;
    font-weight: 600;
  }
  .control {
    position: relative;
  }
  .control input {
    inline-size: 100%;
    min-block-size: 3rem;
    padding: 0.5rem 0.75rem;
    border: 1px solid var(--_edge);
    border-radius: var(--_radius);
    background: var(--_page);
    color: inherit;
    font: inherit;
  }
  /* Addresses run from left to right. The field still begins where the language begins. */
  .card[dir='rtl'] .control input[dir='ltr'] {
    text-align: end;
  }
  .control input[aria-invalid='true'] {
    border-color: var(--_bad);
    box-shadow: inset 0 0 0 1px var(--_bad);
  }
  .control.with-toggle input {
    padding-inline: 0.75rem 3.25rem;
  }
  .card[dir='rtl'] .control.with-toggle input {
    padding-inline: 3.25rem 0.75rem;
  }
  .toggle {
    position: absolute;
    inset-block: 0.25rem;
    inset-inline-end: 0.25rem;
    display: grid;
    place-items: center;
    inline-size: 2.5rem;
    padding: 0;
    border: 0;
    border-radius: var(--_radius);
    background: none;
    color: var(--_quiet);
    cursor: pointer;
  }
  .toggle svg {
    inline-size: 1.5rem;
    block-size: 1.5rem;
    fill: none;
    stroke: currentColor;
    stroke-width: 1.75;
    stroke-linecap: round;
  }
  .toggle[aria-pressed='false'] .slash {
    display: none;
  }
  .below {
    min-block-size: 1.5em;
    margin-block: 0.375rem 0.5rem;
    font-size: 0.9375em;
  }
  .lead.below {
    margin-block: 0 1rem;
    font-size: 1em;
  }
  .error {
    color: var(--_bad);
  }
  :focus-visible {
    outline: 3px solid var(--_button);
    outline-offset: 2px;
  }
  button {
    font: inherit;
  }
  .primary,
  .way {
    min-block-size: 3rem;
    padding: 0.5rem 1rem;
    border-radius: var(--_radius);
    cursor: pointer;
    transition: opacity 0.15s;
  }
  .primary {
    inline-size: 100%;
    border: 1px solid var(--_button);
    background: var(--_button);
    color: var(--_on-button);
    font-weight: 600;
    font-variant-numeric: tabular-nums;
  }
  .way {
    min-block-size: 2.5rem;
    padding: 0.25rem 0.75rem;
    border: 1px solid var(--_edge);
    background: var(--_page);
    color: var(--_text);
    font-size: 0.9375em;
  }
  .primary:hover,
  .way:hover {
    opacity: 0.9;
  }
  .primary[aria-disabled='true'] {
    border-color: var(--_edge);
    background: var(--_surface);
    color: var(--_quiet);
    cursor: default;
    opacity: 1;
  }
`;
