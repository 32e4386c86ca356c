"""Calls whose users are real browsers: openvidu-browser in a headless Chromium.

`pages.mjs` is a process that has one Chromium, with a page a user, in which `user.js` runs;
`served.mjs` is what each page with openvidu-browser needs, those of `tests/clients` too;
`chromium` speaks with it, `call` is one such call, `installed` says what is missing for it.
"""
