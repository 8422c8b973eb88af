export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = `[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"`;
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)?\\})? (\\S+)$`);
const COMMENT = new RegExp(`^# (HELP|TYPE) (${NAME}) (.+)$`);

/** Parses Prometheus' text format 0.0.4. Throws if the text violates its specification. */
export class Exposition {
  readonly samples: Sample[] = [];
  readonly types = new Map<string, string>();

  constructor(readonly text: string) {
    if (!text.endsWith('\n')) throw new Error('the last line has no line feed');
    const series = new Set<string>();
    for (const line of text.split('\n').filter((one) => one !== '')) {
      if (line.startsWith('#')) {
        this.comment(line);
        continue;
      }
      const [whole, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? [];
      if (!whole) throw new Error(`not a sample: ${line}`);
      const key = line.slice(0, line.lastIndexOf(' '));
      if (series.has(key)) throw new Error(`duplicate sample: ${key}`);
      series.add(key);
      if (!this.types.has(name) && !this.types.has(name.replace(/_(bucket|sum|count)$/, '')))
        throw new Error(`a sample before its type: ${line}`);
      const number = value === '+Inf' ? Infinity : Number(value);
      // Prometheus parses values like Go's ParseFloat, which accepts NaN in any case.
      if (Number.isNaN(number) && !/^nan$/i.test(value)) throw new Error(`not a number: ${line}`);
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
      this.samples.push({
        name,
        labels: Object.fromEntries(pairs.map(([, label = '', text = '']) => [label, text])),
        value: number,
      });
    }
  }

  /** The samples with this name and at least these labels. */
  all(name: string, labels: Record<string, string> = {}): Sample[] {
    return this.samples.filter(
      (sample) =>
        sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
    );
  }

  /** The sum of the samples with this name and at least these labels; 0 if there are none. */
  sum(name: string, labels?: Record<string, string>): number {
    return this.all(name, labels).reduce((sum, { value }) => sum + value, 0);
  }

  private comment(line: string): void {
    const [whole, kind, name = '', text = ''] = COMMENT.exec(line) ?? [];
    if (!whole) throw new Error(`not a comment: ${line}`);
    if (kind === 'HELP') return;
    if (!/^(counter|gauge|histogram|summary|untyped)$/.test(text)) throw new Error(`not a type: ${line}`);
    if (this.types.has(name)) throw new Error(`a second type: ${line}`);
    this.types.set(name, text);
  }
}
