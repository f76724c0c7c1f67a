"""Build the bars of every chart style from trades: in one batch, or trade by trade, the same bars.

``styles`` says which styles there are and what their parameters mean, ``rules`` holds one kernel a
style, ``building`` drives them, ``compiled`` gives the same kernels compiled.
"""
