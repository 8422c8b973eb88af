import { css } from 'lit';

/** Notices, ways forward, links, and the state of a message. */
export const feedbackStyles = css`
  .notice {
    margin-block-start: 0.75rem;
  }
  .notice:not(.has-text) {
    display: none;
  }
  .notice .box {
    padding: 0.75rem 1rem;
    border: 1px solid var(--_bad);
    border-inline-start-width: 0.25rem;
    border-radius: var(--_radius);
    background: var(--_page);
  }
  .notice.good .box {
    border-color: var(--_good);
  }
  .ways {
    display: flex;
    flex-wrap: wrap;
    gap: 0.5rem;
    margin-block-start: 0.75rem;
  }
  .ways:empty {
    display: none;
  }
  .foot {
    display: flex;
    flex-wrap: wrap;
    justify-content: space-between;
    gap: 0.25rem 1.25rem;
    margin-block-start: auto;
    padding-block-start: 1rem;
  }
  .link {
    min-block-size: 2rem;
    padding: 0;
    border: 0;
    background: none;
    color: var(--_button);
    font-size: 0.9375em;
    font-variant-numeric: tabular-nums;
    text-align: start;
    text-decoration: underline;
    text-underline-offset: 0.2em;
    cursor: pointer;
  }
  .link[aria-disabled='true'] {
    color: var(--_quiet);
    text-decoration: none;
    cursor: default;
  }
  .delivery {
    display: flex;
    gap: 0.5rem;
    align-items: baseline;
    min-block-size: 1.5em;
    margin-block-end: 1rem;
  }
  .delivery::before {
    content: '';
    flex: none;
    inline-size: 0.5rem;
    block-size: 0.5rem;
    border-radius: 50%;
    background: currentColor;
    translate: 0 -0.1em;
  }
  .delivery.delivered {
    color: var(--_good);
  }
  .delivery.failed {
    color: var(--_bad);
  }
  progress {
    inline-size: 100%;
    block-size: 0.375rem;
    margin-block-start: 0.5rem;
    accent-color: var(--_button);
  }
  .hidden {
    position: absolute;
    inline-size: 1px;
    block-size: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  @media (prefers-reduced-motion: reduce) {
    * {
      transition: none;
    }
  }
`;
