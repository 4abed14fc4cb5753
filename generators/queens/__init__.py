"""n queens completion: a board with some queens on it, to be completed to n that do not attack each other.

A sequence spells the board row by row: ``Q`` a queen, ``.`` a cell that is asked for; a label has ``Q`` or ``-`` in
every cell. Most boards have several right answers: any of them is right.

    boards      kernels: completions, guesses, what is right, boards made
    task        what can be asked for, the task, what the other rooms see of it
"""
