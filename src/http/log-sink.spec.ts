import { LogSink } from './log-sink.js';

const { jest } = import.meta;
const MEBIBYTE = 1024 * 1024;
const LINE = `${'x'.repeat(1023)}\n`;

/** Standard output that works, fails with an error code, or takes only some bytes of each write. */
class Output {
  failure = '';
  bytesPerWrite = Infinity;
  private bytes = Buffer.alloc(0);

  get text(): string {
    return this.bytes.toString();
  }

  write(bytes: Buffer): number {
    if (this.failure) throw Object.assign(new Error(this.failure), { code: this.failure });
    const taken = bytes.subarray(0, this.bytesPerWrite);
    this.bytes = Buffer.concat([this.bytes, taken]);
    return taken.length;
  }
}

describe('LogSink', () => {
  let output: Output;
  let recoveries: number[];
  let sink: LogSink;
  beforeEach(() => {
    jest.useFakeTimers();
    output = new Output();
    recoveries = [];
    sink = makeSink(0);
  });
  afterEach(() => jest.useRealTimers());

  function makeSink(batchLength: number): LogSink {
    return new LogSink({
      batchLength,
      onRecovery: (dropped) => recoveries.push(dropped),
      output: (bytes) => output.write(bytes),
    });
  }

  it('writes each line at once without batching', () => {
    sink.write('one\n');
    expect(output.text).toBe('one\n');
  });

  it('writes a batch when it is full, and the rest a quarter of a second later', () => {
    sink = makeSink(8);
    sink.write('one\n');
    expect(output.text).toBe('');
    sink.write('two\n');
    expect(output.text).toBe('one\ntwo\n');
    sink.write('three\n');
    jest.advanceTimersByTime(249);
    expect(output.text).toBe('one\ntwo\n');
    jest.advanceTimersByTime(1);
    expect(output.text).toBe('one\ntwo\nthree\n');
  });

  it('writes everything when the output takes a few bytes at a time', () => {
    output.bytesPerWrite = 2;
    sink.write('größer als eins\n');
    expect(output.text).toBe('größer als eins\n');
  });

  it.each(['ENOSPC', 'EPIPE', 'EAGAIN', 'EIO'])(
    'keeps the lines of an output that fails with %s and writes them when it works again',
    (failure) => {
      output.failure = failure;
      sink.write('one\n');
      sink.write('two\n');
      jest.advanceTimersByTime(60_000);
      expect(output.text).toBe('');
      output.failure = '';
      jest.advanceTimersByTime(250);
      expect(output.text).toBe('one\ntwo\n');
      expect(recoveries).toEqual([]);
      sink.write('three\n');
      expect(output.text).toBe('one\ntwo\nthree\n');
    },
  );

  it('buffers at most a mebibyte, drops what does not fit and reports how many lines', () => {
    output.failure = 'ENOSPC';
    for (let count = 0; count < 3 * 1024; count++) sink.write(LINE);
    output.failure = '';
    jest.advanceTimersByTime(250);
    expect(output.text).toHaveLength(MEBIBYTE);
    expect(recoveries).toEqual([2 * 1024]);
  });

  it('reports dropped lines once', () => {
    output.failure = 'ENOSPC';
    for (let count = 0; count < 1025; count++) sink.write(LINE);
    output.failure = '';
    jest.advanceTimersByTime(250);
    sink.write('next\n');
    jest.advanceTimersByTime(250);
    expect(recoveries).toEqual([1]);
  });

  it('writes what is buffered at exit', () => {
    sink = makeSink(8);
    sink.write('one\n');
    sink.flushAtExit();
    expect(output.text).toBe('one\n');
  });

  it.each(['ENOSPC', 'EPIPE', 'EAGAIN'])('gives up at exit when the output fails with %s', (failure) => {
    jest.useRealTimers();
    output.failure = failure;
    sink.write('one\n');
    sink.flushAtExit();
    expect(output.text).toBe('');
  });
});
