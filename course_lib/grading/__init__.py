"""The grader: it knows notebooks and points, not mathematics (that is in `checks`).

The journey of a class, a module a step:

    collect     a download becomes submitted/<student>/<assignment>/
    roster      every entry of that folder becomes a job, or a reason why not
    batch       a process for each job, tried again where the grader itself failed, kept under a digest
    merge       the course's notebook with the answers put in, by allow-list
    submission  the answers in a sealed process, the checks on the trusted side
    run         pytest and nbval over that notebook, in a kernel of `kernels`
    records     what each check found
    report      records become CSV, JSON, JUnit, feedback; overview, the page of the class
    regrade, parts, export    what changed, shards that merge, points for other systems

A learner's journey is shorter: `learn` runs the notebook as it is; `hints`, `release` and `watch` do the
rest. Files, notebooks and pages are read and written by `files`, `model` and `page`; `cli` and `cli_class`
are the commands, with `arguments` and `progress`; `author`, `titles`, `trial` and `notebooks` serve the
authors of exercises.
"""
