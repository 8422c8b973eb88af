import { css } from 'lit';

export const codeInputStyles = css`
  :host {
    display: block;
    color: var(--_text);
  }
  label {
    display: block;
    margin-block-end: 0.375rem;
    font-weight: 600;
  }
  label[hidden] {
    display: none;
  }
  .field {
    container-type: inline-size;
    /* Digits are read from left to right in every language. */
    direction: ltr;
  }
  .boxes {
    --_gap: min(0.5rem, 1.5cqi);
    --_cell: min(4.5rem, calc((100cqi + var(--_gap)) / var(--_length)));
    position: relative;
    display: grid;
    grid-template-columns: repeat(var(--_length), calc(var(--_cell) - var(--_gap)));
    gap: var(--_gap);
    inline-size: calc(var(--_cell) * var(--_length) - var(--_gap));
    block-size: 3.5rem;
    overflow: clip;
    /* The focus ring of a box is inside it. */
    border-radius: var(--_radius);
  }
  :host(:dir(rtl)) .boxes {
    margin-inline-start: auto;
  }
  span {
    border: 1px solid var(--_edge);
    border-radius: var(--_radius);
    background: var(--_page);
  }
  .boxes:focus-within span {
    border-color: var(--_button);
  }
  .boxes:focus-within span[part~='next-box'] {
    outline: 3px solid var(--_button);
    outline-offset: -3px;
  }
  .boxes:has(input[aria-invalid='true']) span {
    border-color: var(--_bad);
  }
  .boxes:has(input:disabled) span {
    opacity: 0.6;
  }
  input {
    position: absolute;
    inset-block: 0;
    inset-inline-start: 0;
    /* Room for the cursor behind the last digit. Without it, the digits would scroll away. */
    inline-size: calc(var(--_cell) * (var(--_length) + 1));
    padding: 0;
    padding-inline-start: calc((var(--_cell) - var(--_gap) - 1ch) / 2);
    border: 0;
    outline: 0;
    background: none;
    color: inherit;
    font:
      1.625rem ui-monospace,
      'DejaVu Sans Mono',
      Menlo,
      Consolas,
      monospace;
    letter-spacing: calc(var(--_cell) - 1ch);
  }
  input:-webkit-autofill {
    -webkit-text-fill-color: currentColor;
    transition: background-color 9999s;
  }
  p {
    margin-block: 0.375rem 0;
    min-block-size: 1.5em;
    color: var(--_bad);
    font-size: 0.9375em;
    line-height: 1.5;
  }
`;
