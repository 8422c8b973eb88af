import { server } from './server.js';

type Rgb = [red: number, green: number, blue: number];

/** `--surface` in page.css, on which colours are harder to see than on `--page`. */
const SURFACE_COLORS = { light: [245, 246, 248], dark: [31, 33, 37] } satisfies Record<string, Rgb>;
const MIN_CONTRAST = 4.5;
/** Of a button's edge. Below it, the button gets an edge of another colour. */
const MIN_EDGE_CONTRAST = 3;

/**
 * Uses the product's colour for buttons as it is, and for links and the focus lighter or darker where
 * it is hard to see.
 */
export function applyBrandColor(): void {
  if (!server.brandColor) return;
  const brand = parse(server.brandColor);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    :root { ${colors(brand, 'light')} }
    @media (prefers-color-scheme: dark) { :root { ${colors(brand, 'dark')} } }
  `);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}

function colors(brand: Rgb, scheme: 'light' | 'dark'): string {
  const surface: Rgb = SURFACE_COLORS[scheme];
  const black: Rgb = [0, 0, 0];
  const white: Rgb = [255, 255, 255];
  const text = contrast(white, brand) >= contrast(black, brand) ? white : black;
  const edge = contrast(brand, surface) >= MIN_EDGE_CONTRAST ? 'transparent' : 'var(--edge)';
  return `--button: ${rgb(brand)}; --on-button: ${rgb(text)}; --button-edge: ${edge};
    --accent: ${rgb(readableOn(surface, brand))};`;
}

/** The nearest mix with black or white that has enough contrast with the background. */
function readableOn(background: Rgb, color: Rgb): Rgb {
  const target = luminance(background) > 0.5 ? 0 : 255;
  for (let share = 0; share < 1; share += 0.05) {
    const mixed = color.map((part) => Math.round(part + (target - part) * share)) as Rgb;
    if (contrast(mixed, background) >= MIN_CONTRAST) return mixed;
  }
  return [target, target, target];
}

/** WCAG 2.2, contrast ratio. */
function contrast(one: Rgb, other: Rgb): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(color: Rgb): number {
  const [red, green, blue] = color.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as Rgb;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function rgb(color: Rgb): string {
  return `rgb(${color.join(' ')})`;
}

function parse(hex: string): Rgb {
  return [1, 3, 5].map((start) => Number.parseInt(hex.slice(start, start + 2), 16)) as Rgb;
}
