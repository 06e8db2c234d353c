// JSON without loss: `JSON.parse` rounds numbers beyond 2^53, which here would hide the very errors looked for.

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Parses a document with every number as a string: its digits as they stand there, after the word `number`. */
export function parseExactly(text) {
    const quoted = text.replace(TOKEN, (token) => (token.startsWith('"') ? token : `"number ${token}"`));
    return JSON.parse(quoted);
}
