import { css } from 'lit';

/** The card and its texts. */
export const signInStyles = css`
  :host {
    display: block;
    max-inline-size: 26rem;
    color: var(--_text);
    text-align: start;
  }
  /* The height of the tallest common step, so that the page around it stays where it is. */
  .card {
    display: flex;
    flex-direction: column;
    min-block-size: 32.25rem;
  }
  h2 {
    margin: 0 0 0.75rem;
    font-size: 1.5rem;
    line-height: 1.25;
  }
  h2:focus {
    outline: none;
  }
  p {
    margin: 0;
    overflow-wrap: anywhere;
  }
  .lead {
    margin-block-end: 0.25rem;
  }
  .quiet {
    color: var(--_quiet);
  }
  .small {
    font-size: 0.9375em;
  }
  form {
    display: flex;
    flex-direction: column;
    flex: 1;
    min-inline-size: 0;
  }
`;
