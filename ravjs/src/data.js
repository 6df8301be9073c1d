// Arrays over 1 MiB: fetched and sent by HTTP, by their SHA-256. Workers of one tab share what was fetched.

/** What is kept for other workers of the tab, in bytes. */
const SHARED_BYTES = 256 * 2 ** 20;
/** Waits before the second and later tries, in milliseconds. */
const WAITS_MS = [500, 1000, 2000, 4000];

export class Data {
  /** @param {{url: string, token: string | null}} where @param {() => boolean} isShared more than one worker? */
  constructor(where, isShared) {
    this.where = where;
    this.isShared = isShared;
    this.coming = new Map();
    this.kept = new Map();
    this.keptBytes = 0;
    this.gotBytes = 0;
    this.sentBytes = 0;
  }

  /** The bytes of an array, fetched once for all workers. @returns {Promise<Uint8Array>} */
  get(digest, life) {
    const kept = this.kept.get(digest);
    if (kept) {
      this.kept.delete(digest); // the last used is at the end
      this.kept.set(digest, kept);
      return Promise.resolve(kept);
    }
    if (!this.coming.has(digest)) {
      const fetched = this.fetched(digest, life).finally(() => this.coming.delete(digest));
      this.coming.set(digest, fetched);
    }
    return this.coming.get(digest);
  }

  async fetched(digest, life) {
    const response = await this.ask(`v1/data/${digest}`, life, {});
    const bytes = new Uint8Array(await response.arrayBuffer());
    this.gotBytes += bytes.length;
    if (this.isShared()) this.keep(digest, bytes);
    return bytes;
  }

  keep(digest, bytes) {
    this.kept.set(digest, bytes);
    this.keptBytes += bytes.length;
    for (const [oldest, old] of this.kept) {
      if (this.keptBytes <= SHARED_BYTES) break;
      this.kept.delete(oldest);
      this.keptBytes -= old.length;
    }
  }

  /** Send an array; the server must have found the same digest. A Blob, as browsers send bare bytes slowly. */
  async put(digest, bytes, life, upload) {
    const response = await this.ask(`v1/data/${upload}`, life, { method: "PUT", body: new Blob([bytes]) });
    const { sha256 } = await response.json();
    if (sha256 !== digest) throw new Error(`the array ${digest.slice(0, 12)} arrived with other bytes`);
    this.sentBytes += bytes.length;
  }

  /** A request, again when the connection fails; an answer that is an error is thrown with its reason. */
  async ask(path, life, options) {
    const headers = { "Rdf-Life": life };
    if (this.where.token) headers.Authorization = `Bearer ${this.where.token}`;
    if (options.body) headers["Content-Type"] = "application/octet-stream";
    for (let attempt = 0; ; attempt++) {
      try {
        const response = await fetch(new URL(path, this.where.url), { ...options, headers });
        if (response.ok) return response;
        const { message } = await response.json();
        throw new Refused(message);
      } catch (error) {
        if (error instanceof Refused || attempt === WAITS_MS.length) throw error;
        await new Promise((resolve) => setTimeout(resolve, WAITS_MS[attempt]));
      }
    }
  }
}

/** The server's own no: asking again is of no use. */
class Refused extends Error {}
