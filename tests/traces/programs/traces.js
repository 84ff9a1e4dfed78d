// Prints traces to stderr, each between two lines that begin with `==`.

const mark = (name) => console.error(`== ${name}`);

function errors() {
    mark('plain');
    console.error(new Error('plain'));
    mark('lines, a cause and a code');
    const error = new TypeError('with\nlines', { cause: new RangeError('the cause') });
    error.code = 'E_X';
    console.error(error);
    mark('a trace');
    console.trace('traced');
    mark('an assertion');
    try {
        require('assert').deepStrictEqual({ a: 1, b: [1, 2] }, { a: 2, b: [1, 3] });
    } catch (failed) {
        console.error(failed);
    }
    mark('several in one');
    console.error(new AggregateError([new Error('one'), new Error('two')], 'all'));
    mark('within a line');
    console.error('it failed:', new Error('inline'));
    mark('below a line of the log');
    console.error('2024-03-05T10:11:12.345Z ERROR app: it failed');
    console.error(new Error('logged'));
    mark('no stack');
    const bare = Object.assign(new Error('bare'), { code: 'E_Y', path: `/${'x'.repeat(72)}` });
    bare.stack = undefined;
    console.error(bare);
}

const last = {
    throw: () => { throw new Error('uncaught\nof two lines'); },
    cause: () => { throw new Error('outer', { cause: new Error('inner') }); },
    value: () => { throw { a: 1, text: 'x' }; },
    reject: () => Promise.reject(new Error('rejected')),
    'reject-value': () => Promise.reject('a reason'),
    missing: () => require('/not/there'),
    event: () => new (require('events'))().emit('error', new Error('nobody listens')),
    socket: () => new (require('net').Socket)().destroy(Object.assign(new Error('gone'), { code: 'E_Z' })),
    assertion: () => {
        const list = Array.from({ length: 40 }, (_, n) => ({ n, text: 'x' }));
        require('assert').deepStrictEqual({ a: 1, list }, { a: 1, list: list.slice(5) });
    },
    braces: () => { throw new Error('got {\n  a: 1\n}\nand not\n{\n}'); },
    syntax: () => require('./bad.js'),
};

const which = process.argv[2];
if (which === 'all') {
    errors();
} else {
    mark(which);
    last[which]();
}
