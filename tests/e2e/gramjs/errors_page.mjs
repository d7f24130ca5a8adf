// docs/errors-of-calls.md as text.

const rows = (list, third) => list.map((row) => `| ${row.method} | ${row.error} | ${row[third]} |`).join('\n');

/**
 * @param {{method: string, error: string, how: string}[]} emitted
 * @param {{method: string, error: string, why: string}[]} never
 */
export const errorsPage = (emitted, never) => `# Errors of calls

Made by \`tests/e2e/gramjs/errors.test.mjs\`, which provokes each of them with the stock \`telegram\` package from
npm; change it there. Clients repeat a request that was answered with 500 by themselves, after any other error they
give the call up. So there is one 500, and it says that a repeat may succeed.

| Method | Error | When |
|---|---|---|
${rows(emitted, 'how')}

## Never answered

Errors that are documented for these methods, or that one might expect, and what happens instead.

| Method | Error | Why not |
|---|---|---|
${rows(never, 'why')}
`;
