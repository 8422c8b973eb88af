import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A private certification authority and its certificate for 127.0.0.1, as files in a new folder. */
export class PrivateCa {
  readonly folder = mkdtempSync(join(tmpdir(), 'otp-test-ca-'));
  readonly caFile = join(this.folder, 'ca.pem');

  constructor() {
    this.create('ca', ['-subj', '/CN=Test CA', '-addext', 'basicConstraints=critical,CA:TRUE']);
    this.create('server', [
      ...['-subj', '/CN=relay', '-addext', 'subjectAltName=IP:127.0.0.1'],
      ...['-addext', 'basicConstraints=critical,CA:FALSE'],
      ...['-CA', this.caFile, '-CAkey', join(this.folder, 'ca.key')],
    ]);
  }

  /** The key and certificate of the server. */
  get server(): { key: string; cert: string } {
    const read = (name: string) => readFileSync(join(this.folder, name), 'utf8');
    return { key: read('server.key'), cert: read('server.pem') };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  private create(name: string, options: string[]): void {
    const files = ['-keyout', join(this.folder, `${name}.key`), '-out', join(this.folder, `${name}.pem`)];
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    execFileSync('openssl', ['req', '-x509', '-days', '2', ...key, ...files, ...options], { stdio: 'pipe' });
  }
}
