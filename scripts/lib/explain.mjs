// What to tell a person when a step of the set-up fails: one sentence that says what is missing and what to do.

export class SetupError extends Error {
  name = 'SetupError';
}

const causes = [
  {
    when: /SELF_SIGNED_CERT|UNABLE_TO_GET_ISSUER_CERT|UNABLE_TO_VERIFY_LEAF|CERT_HAS_EXPIRED/,
    say: 'The certificate of the npm registry is not trusted: name the file with the certificate of your proxy in NODE_EXTRA_CA_CERTS',
  },
  {
    when: /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|ERR_PNPM_META_FETCH_FAIL|ERR_PNPM_FETCH_|ERR_PNPM_NO_OFFLINE/,
    say: 'The npm registry could not be reached: check the network connection (and the proxy and registry settings of npm)',
  },
  { when: /ENOSPC/, say: 'The disk is full: free about 1 GB' },
  { when: /EACCES|EPERM|EROFS/, say: 'A file could not be written: make sure that this folder and the cache folder of npm belong to you' },
  {
    when: /ERR_PNPM_OUTDATED_LOCKFILE|ERR_PNPM_LOCKFILE|ERR_PNPM_NO_LOCKFILE/,
    say: 'pnpm-lock.yaml does not belong to the package.json files: bring it up to date with `pnpm install`',
  },
  { when: /spawn npx ENOENT|'npx' is not recognized/, say: 'npm is missing: install Node from nodejs.org, which brings it' },
  { when: /stopped after \d+ s/, say: 'It took too long: check the network and the load of this machine' },
];

/**
 * The sentence for a failed step, and whether the cause is a known one (then the output adds nothing). The messages of a compiler
 * quote source text, in which the name of an error code means nothing: `compiler` takes them as they are.
 */
export function explain(step, output, log, compiler = false) {
  const cause = compiler ? undefined : causes.find(({ when }) => when.test(output));
  if (cause)
    return { sentence: `${cause.say}, then run the command again (this step failed: ${step}; its output is in ${log}).`, known: true };
  return {
    sentence: `This step failed: ${step}; correct what its messages above name (all of them are in ${log}), then run the command again.`,
    known: false,
  };
}

/** The last lines of a program's output without the frames of stack traces. */
export function tail(output, lines = 40) {
  return output
    .split('\n')
    .filter(line => !/(^|: )\s+at .+(:\d+:\d+|<anonymous>)\)?$/.test(line))
    .slice(-lines)
    .join('\n')
    .trimEnd();
}
