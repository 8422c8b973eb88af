import { css } from 'lit';

/**
 * The look of all elements. Pages change it by the custom properties `--otp-…`. Colours follow the
 * page's `color-scheme`.
 */
export const tokens = css`
  :host {
    --_page: var(--otp-page, light-dark(#fff, #131417));
    --_surface: var(--otp-surface, light-dark(#f5f6f8, #1f2125));
    --_text: var(--otp-text, light-dark(#1b1c1f, #e9eaec));
    --_quiet: var(--otp-quiet, light-dark(#55585e, #b3b6bb));
    --_edge: var(--otp-edge, light-dark(#74777d, #8c8f95));
    --_button: var(--otp-button, light-dark(#0b57d0, #8ab4f8));
    --_on-button: var(--otp-on-button, light-dark(#fff, #0b1a33));
    --_good: var(--otp-good, light-dark(#146c2e, #8fd694));
    --_bad: var(--otp-bad, light-dark(#b3261e, #f2b8b5));
    --_radius: var(--otp-radius, 0.5rem);
    font: var(--otp-font, 1.0625rem/1.5 system-ui, sans-serif);
  }
  /* Browsers before 2024 get the light colours. */
  @supports not (color: light-dark(#fff, #000)) {
    :host {
      --_page: var(--otp-page, #fff);
      --_surface: var(--otp-surface, #f5f6f8);
      --_text: var(--otp-text, #1b1c1f);
      --_quiet: var(--otp-quiet, #55585e);
      --_edge: var(--otp-edge, #74777d);
      --_button: var(--otp-button, #0b57d0);
      --_on-button: var(--otp-on-button, #fff);
      --_good: var(--otp-good, #146c2e);
      --_bad: var(--otp-bad, #b3261e);
    }
  }
  :host([hidden]) {
    display: none;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
`;
