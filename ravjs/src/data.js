// Arrays over 1 MiB: fetched and sent by HTTP, by their SHA-256. Workers of one tab share what was fetched.

/** What is kept for other workers of the tab, in bytes. */
const SHARED_BYTES = 256 * 2 ** 20;
/** Waits before the second and later tries, in milliseconds. */
const WAITS_MS = [500, 1000, 2000, 4000];
/** A transfer of which nothing moves for so long is given up, in milliseconds. */
const SILENCE_MS = 5000;

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
    const bytes = new Uint8Array(await this.ask("GET", `v1/data/${digest}`, life));
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
    const answer = await this.ask("PUT", `v1/data/${upload}`, life, new Blob([bytes]));
    const { sha256 } = JSON.parse(text(answer));
    if (sha256 !== digest) throw new Error(`the array ${digest.slice(0, 12)} arrived with other bytes`);
    this.sentBytes += bytes.length;
  }

  /** The body of an answer, asked for again when the connection fails; an error of the server is thrown as it says. */
  async ask(method, path, life, body = null) {
    const headers = { "Rdf-Life": life };
    if (this.where.token) headers.Authorization = `Bearer ${this.where.token}`;
    if (body) headers["Content-Type"] = "application/octet-stream";
    for (let attempt = 0; ; attempt++) {
      try {
        return await exchange(method, new URL(path, this.where.url), headers, body);
      } catch (error) {
        if (error instanceof Refused || attempt === WAITS_MS.length) throw error;
        await new Promise((resolve) => setTimeout(resolve, WAITS_MS[attempt]));
      }
    }
  }
}

/** The server's own no: asking again is of no use. */
class Refused extends Error {}

const text = (body) => new TextDecoder().decode(body);

/**
 * One request, given up when nothing moves. By the old interface: fetch does not tell what it has sent, and on a
 * line that fell silent, as when a telephone changes networks, it would wait for minutes.
 * @returns {Promise<ArrayBuffer>}
 */
function exchange(method, url, headers, body) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let silence = null;
    const moved = () => {
      clearTimeout(silence);
      silence = setTimeout(() => request.abort(), SILENCE_MS);
    };
    request.open(method, url);
    request.responseType = "arraybuffer";
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.onprogress = moved;
    request.upload.onprogress = moved;
    request.onload = () => {
      const { status, response } = request;
      if (status >= 200 && status < 300) resolve(response);
      else reject(refusal(status, text(response)));
    };
    request.onerror = () => reject(new Error("the connection failed"));
    request.onabort = () => reject(new Error("nothing came through for some seconds"));
    request.onloadend = () => clearTimeout(silence);
    moved();
    request.send(body);
  });
}

function refusal(status, body) {
  try {
    return new Refused(JSON.parse(body).message);
  } catch {
    return new Error(`the answer was ${status}`); // of something between here and the server
  }
}
